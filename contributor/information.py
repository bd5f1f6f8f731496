"""The information sheet for patients: what federated learning does with their images; versioned, cited by each consent.

A change of a word is a new version: `VERSION` rises, and a test holds the hash of each version.
"""

from functools import cache

from contributor.schemas_consent import InformationView, Sheet, SheetSection
from fl_core.protocol.messages import InformationCited
from fl_core.protocol.signing import canonical, sha256_of

VERSION, ISSUED = "1.1", "2026-11-30"

_ENGLISH = Sheet(
    language="en",
    title="Learning from images without giving them away",
    lead="Information for patients on federated learning in nuclear medicine",
    sections=[
        SheetSection(
            heading="What this is about",
            paragraphs=[
                (
                    "Your heart or another organ was examined with a gamma camera (SPECT). A computer turns the measured"
                    " counts into images. Computers can learn to make these images sharper, or to need less activity or less"
                    " time, if they learn from many examinations."
                ),
                (
                    "No single hospital has enough examinations. This hospital therefore learns together with others. The"
                    " method is called federated learning: the hospitals share what was learned, not the images."
                ),
            ],
        ),
        SheetSection(
            heading="How it works",
            paragraphs=[
                (
                    "A laboratory sends a computer model, a large table of numbers, to this hospital. A computer in this"
                    " hospital improves the model with examinations that are stored here. Only the changed numbers go back."
                    " The laboratory combines the numbers of all hospitals into one better model. This is repeated for several"
                    " rounds."
                ),
            ],
        ),
        SheetSection(
            heading="What stays here",
            paragraphs=[
                (
                    "Your images, your name, your date of birth, your patient number and your findings stay on the computer of"
                    " this hospital. Identifying details are removed from the image files before they are used for learning."
                ),
            ],
        ),
        SheetSection(
            heading="What leaves this hospital",
            paragraphs=[
                (
                    "The changed numbers of the model, how well it did on average, how many examinations it learned from, and"
                    " how long it took. Every transfer is encrypted, and each sending of the changed numbers is recorded here."
                ),
                (
                    "Besides, the laboratory is told how many examinations and how many patients this hospital has available,"
                    " how many of them for which purpose, and the day on which the newest examination was added: as long as the"
                    " hospital is connected, also before any training. If this hospital permits it, it is told too how the"
                    " examinations are spread over kinds, cameras and counts, and how many quality control remarked on; groups"
                    " of fewer than three are never named."
                ),
            ],
        ),
        SheetSection(
            heading="What risk remains",
            paragraphs=[
                (
                    "A model can keep traces of what it learned from. Experts with much effort may be able to tell from the"
                    " numbers of one hospital whether an examination was among them, or to guess parts of an image. The"
                    " laboratory that receives the numbers must be bound not to try, by an agreement with this hospital: the"
                    " program cannot prevent it. A remaining risk cannot be excluded."
                ),
            ],
        ),
        SheetSection(
            heading="What it means for your treatment",
            paragraphs=[
                (
                    "Nothing changes in your examination or treatment, and there is no additional radiation. The models are for"
                    " research and not for diagnosis. You have no direct benefit; later patients may have one."
                ),
            ],
        ),
        SheetSection(
            heading="Your rights",
            paragraphs=[
                (
                    "Taking part is voluntary where your consent is asked for. You can say no, or take your consent back at any"
                    " time, without a reason and without a disadvantage. Your examination is then no longer used from the next"
                    " round on. What a model has learned already cannot be taken out of it."
                ),
                (
                    "You may ask what is stored about you, have it corrected, and complain to the data protection officer of"
                    " this hospital or to the supervisory authority. Ask the department that examined you."
                ),
            ],
        ),
    ],
)

_GERMAN = Sheet(
    language="de",
    title="Aus Bildern lernen, ohne sie wegzugeben",
    lead="Information für Patientinnen und Patienten über föderiertes Lernen in der Nuklearmedizin",
    sections=[
        SheetSection(
            heading="Worum es geht",
            paragraphs=[
                (
                    "Ihr Herz oder ein anderes Organ wurde mit einer Gammakamera (SPECT) untersucht. Ein Computer macht aus den"
                    " gemessenen Zählereignissen Bilder. Computer können lernen, diese Bilder schärfer zu machen oder mit"
                    " weniger Aktivität oder Zeit auszukommen, wenn sie aus vielen Untersuchungen lernen."
                ),
                (
                    "Kein einzelnes Krankenhaus hat genug Untersuchungen. Dieses Krankenhaus lernt deshalb gemeinsam mit"
                    " anderen. Das Verfahren heißt föderiertes Lernen: Die Häuser teilen das Gelernte, nicht die Bilder."
                ),
            ],
        ),
        SheetSection(
            heading="Wie es abläuft",
            paragraphs=[
                (
                    "Ein Labor sendet ein Computermodell, eine große Tabelle von Zahlen, an dieses Krankenhaus. Ein Computer im"
                    " Haus verbessert das Modell mit Untersuchungen, die hier gespeichert sind. Nur die geänderten Zahlen gehen"
                    " zurück. Das Labor fügt die Zahlen aller Häuser zu einem besseren Modell zusammen. Das wiederholt sich in"
                    " mehreren Runden."
                ),
            ],
        ),
        SheetSection(
            heading="Was hier bleibt",
            paragraphs=[
                (
                    "Ihre Bilder, Ihr Name, Ihr Geburtsdatum, Ihre Patientennummer und Ihre Befunde bleiben auf dem Computer"
                    " dieses Krankenhauses. Angaben, die Sie erkennbar machen, werden aus den Bilddateien entfernt, bevor sie"
                    " zum Lernen verwendet werden."
                ),
            ],
        ),
        SheetSection(
            heading="Was dieses Krankenhaus verlässt",
            paragraphs=[
                (
                    "Die geänderten Zahlen des Modells, wie gut es im Mittel war, aus wie vielen Untersuchungen es gelernt hat"
                    " und wie lange das dauerte. Jede Übertragung ist verschlüsselt, und jede Sendung der geänderten Zahlen wird"
                    " hier aufgezeichnet."
                ),
                (
                    "Außerdem erfährt das Labor, wie viele Untersuchungen und von wie vielen Patientinnen und Patienten dieses"
                    " Krankenhaus bereithält, wie viele davon für welchen Zweck, und an welchem Tag die neueste Untersuchung"
                    " hinzukam: solange das Krankenhaus verbunden ist, auch vor jedem Training. Wenn dieses Krankenhaus es"
                    " erlaubt, erfährt es auch die Verteilung der Untersuchungen auf Arten, Kameras und Zählereignisse, und bei"
                    " wie vielen die Qualitätskontrolle etwas anmerkte; Gruppen von weniger als drei werden nie genannt."
                ),
            ],
        ),
        SheetSection(
            heading="Welches Risiko bleibt",
            paragraphs=[
                (
                    "Ein Modell kann Spuren dessen behalten, woraus es gelernt hat. Fachleute können mit großem Aufwand"
                    " möglicherweise aus den Zahlen eines Hauses erkennen, ob eine Untersuchung dabei war, oder Teile eines"
                    " Bildes erraten. Das Labor, das die Zahlen erhält, muss durch eine Vereinbarung mit diesem Krankenhaus"
                    " verpflichtet sein, dies nicht zu versuchen: Das Programm kann es nicht verhindern. Ein Restrisiko lässt sich"
                    " nicht ausschließen."
                ),
            ],
        ),
        SheetSection(
            heading="Was es für Ihre Behandlung bedeutet",
            paragraphs=[
                (
                    "An Ihrer Untersuchung und Behandlung ändert sich nichts, und es gibt keine zusätzliche Strahlung. Die"
                    " Modelle dienen der Forschung und nicht der Diagnose. Sie haben keinen unmittelbaren Nutzen; spätere"
                    " Patientinnen und Patienten können einen haben."
                ),
            ],
        ),
        SheetSection(
            heading="Ihre Rechte",
            paragraphs=[
                (
                    "Wo Ihre Einwilligung erbeten wird, ist die Teilnahme freiwillig. Sie können ablehnen oder Ihre Einwilligung"
                    " jederzeit ohne Grund und ohne Nachteil widerrufen. Ihre Untersuchung wird dann ab der nächsten Runde nicht"
                    " mehr verwendet. Was ein Modell schon gelernt hat, lässt sich nicht wieder herausnehmen."
                ),
                (
                    "Sie können erfragen, was über Sie gespeichert ist, es berichtigen lassen und sich bei der oder dem"
                    " Datenschutzbeauftragten dieses Krankenhauses oder bei der Aufsichtsbehörde beschweren. Wenden Sie sich an"
                    " die Abteilung, die Sie untersucht hat."
                ),
            ],
        ),
    ],
)


@cache
def information() -> InformationView:
    """Return the sheet in force, with its hash."""
    sheets = [_ENGLISH, _GERMAN]
    unhashed = InformationView(version=VERSION, issued=ISSUED, sha256="", sheets=sheets)
    digest = sha256_of(canonical(unhashed))
    return InformationView(version=VERSION, issued=ISSUED, sha256=digest, sheets=sheets)


def cited() -> InformationCited:
    """Return how a consent names the sheet in force."""
    sheet = information()
    return InformationCited(version=sheet.version, sha256=sheet.sha256)
