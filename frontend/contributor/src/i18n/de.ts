/** German text of the contributor's pages. */
import type { en } from "@app/i18n/en";
import { intake } from "@app/i18n/de.intake";
import { consent } from "@app/i18n/de.consent";
import { axis } from "@app/i18n/de.axis";
import { results } from "@app/i18n/de.results";
import { network } from "@app/i18n/de.network";
import { programTexts } from "@app/i18n/de.settings";
import { quality } from "@app/i18n/de.quality";
import { training } from "@app/i18n/de.training";

export const de: typeof en = {
  ...results,
  ...axis,
  ...training,
  ...intake,
  ...quality,
  ...consent,
  nav: { subtitle: "Standort", promise: "Bilder bleiben auf diesem Computer.", promiseMore: "Nur Aktualisierungen gehen hinaus, nach Einwilligung.", home: "Start", data: "Daten", requests: "Anfragen", training: "Training", reconstruct: "Rekonstruieren", results: "Ergebnisse", privacy: "Datenschutz", settings: "Einstellungen" },
  ...network,
  ...programTexts,
  notFound: { title: "Seite nicht gefunden", study: "Studie nicht gefunden", what: "An dieser Adresse ist nichts", advice: "Vielleicht wurde es entfernt. Weiter geht es über die Navigation.", home: "Zur Startseite" },
  sharing: { title: "Wie sich die Studien verteilen", note: "Außer den Angaben oben wird nichts mitgeteilt, wenn Sie es hier nicht erlauben.", loading: "Erlaubnis wird geladen", permit: "Dem Labor die Verteilung auf Arten, Kameras und Impulse mitteilen", permitNote: "Nur zusammengefasste Zahlen, auch bei wie vielen Studien die Qualitätskontrolle etwas anmerkte; Gruppen unter drei Studien werden vereint. Es lässt sich jederzeit zurücknehmen.", told: "Das Labor erfährt genau dies:", kinds: "Arten", cameras: "Aufnahmetechniken", counts: "Impulse im Photopeak", warned: "Mit Hinweisen der Qualitätsprüfung", few: "weniger als 3", other: "andere", from: "ab {{counts}}" },
  connection: { not_enrolled: "Nicht verbunden", pending: "Wartet auf Zulassung", connected: "Verbunden", reconnecting: "Verbindet neu", refused: "Abgelehnt", suspended: "Ausgesetzt", revoked: "Gesperrt", protocol_mismatch: "Versionen verschieden" },
  connect: {
    title: "Diesen Standort verbinden", intro: "Treten Sie einem Trainingsverbund mit der Einladung seiner Trainingsleitung bei. Ihre Aufnahmen bleiben hier.", loading: "Verbindung wird geladen",
    steps: { open: "Einladung öffnen", look: "Sehen, von wem sie ist", compare: "Fingerabdrücke vergleichen", done: "Verbunden" }, stepOf: "Schritt {{step}} von {{of}}: {{name}}",
    openTitle: "Öffnen Sie Ihre Einladung", openNote: "Eine Datei, ein QR-Code oder ein Textblock, der mit BEGIN FLOMIR INVITATION beginnt.", drop: "Einladungsdatei hier ablegen", file: "Einladungsdatei", choose: "Datei wählen", picture: "Bild des QR-Codes", choosePicture: "Bild ihres QR-Codes", pictureNote: "Ein Foto oder Bildschirmfoto des Codes; es wird in diesem Browser gelesen und geht nirgendwohin.", paste: "Oder den Text der Einladung einfügen", open: "Einladung öffnen",
    whose: "Einladung von {{orchestrator}}", whoseNote: "Noch wurde nichts gesendet.", orchestrator: "Orchestrator", address: "Adresse", authority: "Fingerabdruck der Zertifizierungsstelle", expires: "Gültig bis",
    allowsTitle: "Was der Beitritt erlaubt", allows: { name: "Das Labor erfährt den Namen dieses Standorts und wie viele Studien er hat.", counts: "Es darf Modelle hierher senden und Sie bitten, sie zu trainieren.", ask: "Jedes Training fragt Sie erneut, und Sie können jederzeit austreten." },
    neverTitle: "Was er nie erlaubt", never: { key: "Der Schlüssel dieses Standorts entsteht auf diesem Computer und verlässt ihn nie.", scans: "Keine Aufnahme, kein Name und keine Patientennummer wird je gesendet.", start: "Nichts trainiert mit Ihren Studien, bevor Sie zustimmen." },
    checkNote: "Nicht sicher, ob dieser Computer und sein Netz genügen?", noAnswer: "Das Labor antwortet im Augenblick nicht",
    name: "Name dieses Standorts", nameNote: "So zeigen ihn die Trainingsleitung und diese Seite.", back: "Andere Einladung verwenden", ask: "Um Beitritt bitten",
    compareTitle: "Vergleichen Sie diesen Fingerabdruck", compareNote: "{{orchestrator}} sieht denselben auf dem eigenen Bildschirm.", fingerprint: "Fingerabdruck dieses Standorts", compareHow: "Rufen Sie die Trainingsleitung an und lesen Sie ihn sich gegenseitig vor. Unterscheiden sie sich, brechen Sie ab: Jemand anderes könnte dazwischen sein.",
    waiting: "Wartet auf Zulassung", waitingNote: "Diese Seite geht von selbst weiter.", cancel: "Anfrage abbrechen",
    cancelAsk: { title: "Anfrage abbrechen?", lead: "Dieser Standort wartet nicht länger und vergisst die Anfrage.", one: "Sein Schlüssel wird von diesem Computer gelöscht und lässt sich nicht wiederherstellen; eine spätere Zulassung bleibt ohne Wirkung.", two: "Die Einladung ist verbraucht: Für eine weitere Anfrage brauchen Sie eine neue.", three: "Das Labor erfährt davon nichts. Bitten Sie die Trainingsleitung, die Anfrage abzulehnen.", confirm: "Anfrage zurückziehen" },
    doneTitle: "Verbunden mit {{orchestrator}}", done: "{{site}} ist jetzt zugelassen. Fügen Sie nun die Studien hinzu, die für Trainings verwendet werden dürfen.", toData: "Daten hinzufügen", again: "Mit neuer Einladung beginnen",
    againAsk: { title: "Mit neuer Einladung beginnen?", lead: "Was von der früheren Verbindung übrig ist, wird von diesem Computer entfernt.", one: "Der Schlüssel dieses Standorts und, falls vorhanden, sein Zertifikat werden gelöscht und lassen sich nicht wiederherstellen.", two: "Für eine neue Verbindung brauchen Sie eine neue Einladung der Trainingsleitung.", three: "Studien, Modelle und Prüfprotokoll bleiben.", confirm: "Neu beginnen" },
    ended: { refused: "Die Trainingsleitung hat diesen Standort abgelehnt.", suspended: "Die Trainingsleitung hat diesen Standort vorübergehend ausgesetzt.", revoked: "Diesem Standort wurde das Vertrauen entzogen.", protocol_mismatch: "Die beiden Programme sprechen verschiedene Versionen." },
    endedAdvice: { refused: "Sprechen Sie mit der Trainingsleitung und bitten Sie um eine neue Einladung.", suspended: "Ihre Daten und Antworten sind unberührt; inzwischen läuft nichts. Wird der Standort wieder hereingelassen, verbindet er sich von selbst.", revoked: "Ihre Daten sind unberührt. Bitten Sie die Trainingsleitung um eine neue Einladung.", protocol_mismatch: "Aktualisieren Sie das ältere Programm." },
  },
  home: {
    title: "Start", intro: "Was auf Sie wartet, was läuft, was geschehen ist.", loading: "Übersicht wird geladen", needs: "Wartet auf Sie", nothingTitle: "Nichts wartet auf Sie", nothing: "Anfragen und zurückgehaltene Aktualisierungen erscheinen hier sofort.",
    running: "Training", idleTitle: "Kein Training läuft", idle: "Willigen Sie in eine Anfrage ein, können Sie es hier verfolgen.", watch: "Training verfolgen", connection: "Verbindung", contact: "Letzter Kontakt", usable: "Studien", look: "Ansehen",
    held: "Runde {{round}} von „{{title}}“ wartet auf Ihre Freigabe", heldText: "Die Aktualisierung hat diesen Computer nicht verlassen.", decide: "Entscheiden",
    request: "Sie werden um Teilnahme an „{{title}}“ gebeten", requestText_one: "{{orchestrator}} möchte an {{count}} Ihrer Studien trainieren.", requestText_other: "{{orchestrator}} möchte an {{count}} Ihrer Studien trainieren.", read: "Anfrage lesen",
    addData: "Fügen Sie Ihre ersten Studien hinzu", addDataText: "Jede Datei wird hier geprüft und nie hochgeladen.",
  },
  data: {
    title: "Studien", intro: "Ihre Studien bleiben auf diesem Computer. Namen und Nummern der Patienten bleiben zurück, wenn eine Aufnahme gelesen wird.", loading: "Studien werden geladen",
    emptyTitle: "Noch keine Studien", empty: "Legen Sie Aufnahmen ab oder nennen Sie einen Ordner. Sie sehen jedes Bild, bevor etwas trainiert wird.", name: "Studie", state: "Status", counts: "Impulse", reference: "Referenz", size: "Größe", added: "Hinzugefügt", yes: "ja", no: "nein",
    usable: "Nutzbar", unusable: "Nicht nutzbar", withdrawn: "Zurückgezogen", usableOf: "{{usable}} von {{total}} nutzbar",
  },
  told: { title: "Was der Orchestrator erfährt", note: "Diese Angaben, und die Verteilung darunter nur mit Ihrer Erlaubnis.", usable: "Nutzbare Studien", total: "Alle Studien", reference: "Mit Referenzbild", patients: "Patienten", newest: "Zuletzt hinzugefügt", task: "Für {{task}}", taskReference: "Für {{task}}, mit Referenz" },
  study: {
    images: "Bilder", projections: "Projektionen", reference: "Referenz", attenuation: "Schwächungskarte", loadingImage: "Bilder werden geladen", facts: "Über diese Studie", kind: "Art", geometry: "Aufnahme", patient: "Patient (Pseudonym, bleibt hier)", used: "Verwendet", usedIn_zero: "in keiner Sitzung", usedIn_one: "in {{count}} Sitzung", usedIn_other: "in {{count}} Sitzungen", hash: "SHA-256",
    reconstruct: "Rekonstruieren", kindOf: { "spect-reconstruction": "SPECT-Studie", "brain-segmentation": "Hirnschicht" }, problem: { study_unreadable: { text: "Die Datei dieser Studie ist nicht mehr da.", advice: "Fügen Sie die Studie aus ihrer Quelle erneut hinzu." } },
    outOfUse: "Außer Gebrauch", outOfUseNote: "Sie bleibt hier gespeichert, aber kein Training verwendet sie.", restore: "Wieder verwenden", withdraw: "Diese Studie zurückziehen", withdrawTitle: "{{name}} zurückziehen?", withdrawLead: "Kein Training verwendet sie mehr: Eine Runde, die gerade mit ihr arbeitet, endet hier ohne Aktualisierung.", withdrawOne: "Die Datei bleibt auf diesem Computer, bis der Patient gelöscht oder alle Daten entfernt werden.", withdrawTwo: "Der Orchestrator erfährt die kleinere Zahl sofort.", withdrawThree: "Sie können sie jederzeit wieder verwenden.",
  },
  task: { "spect-reconstruction": "SPECT-Rekonstruktion", "brain-segmentation": "Hirnsegmentierung" },
  metric: { nrmse_body: "Fehler im Körper (NRMSE)", nrmse_heart: "Fehler im Herzen (NRMSE)", ssim_heart: "Strukturelle Ähnlichkeit im Herzen", psnr_body: "Rauschabstand im Körper (PSNR, dB)", psnr_heart: "Rauschabstand im Herzen (PSNR, dB)", defect_contrast: "Wiedergegebener Defektkontrast", contrast_error: "Fehler des Defektkontrasts", myocardial_bias: "Abweichung in der Herzwand", wall_to_blood_contrast: "Wiedergegebener Kontrast von Wand und Blut", polar_rms: "Fehler der Polarkarte (Punkte)", dice: "Mittlere Überlappung (Dice)", jaccard: "Mittlere Überlappung (Jaccard)", train_loss: "Trainingsverlust" },
  privacy: { intro: "Jede gesendete Aktualisierung, auf das Byte genau, und jede Handlung auf diesem Computer. Das Ansehen von Bildern wird nicht aufgezeichnet.", loading: "Belege werden geladen", nothingTitle: "Nichts hat diesen Computer verlassen", nothing: "Sendet ein Training eine Aktualisierung, wird ihr Beleg hier aufbewahrt: Größe, Tensoren, Prüfsumme.", total: "Insgesamt {{bytes}} gesendet" },
  audit: { title: "Prüfprotokoll", intro: "Wer was getan hat. Jede Zeile enthält die Prüfsumme der vorigen; so fällt jede Änderung auf." },
  settings: {
    intro: "Personen, die Verbindung, dieser Computer, Benachrichtigungen, der Weg hinaus, das Programm.", peopleTab: "Personen", siteTab: "Dieser Standort", networkTab: "Netz", noticesTab: "Benachrichtigungen", computerTab: "Dieser Computer", programTab: "Programm", renew: "Zertifikat jetzt erneuern", renewing: "Ein neues ist unterwegs.", certificateSoon_one: "Das Zertifikat endet in {{count}} Tag", certificateSoon_other: "Das Zertifikat endet in {{count}} Tagen", certificateOver: "Das Zertifikat ist abgelaufen", certificateNote: "Es wird von selbst erneuert, solange die Verbindung steht.", backupNote: "Für eine Sicherung: flomir contributor backup --out DATEI",
    remainsHere: "Was auf diesem Computer bleibt", here: { studies: "Ihre Studien, wie sie sind", models: "Erhaltene Modelle und ihre Ergebnisse", audit: "Das Protokoll und Ihre unterschriebenen Antworten" }, remainsThere: "Was beim Labor bleibt", there: { updates: "Bereits gesendete Aktualisierungen: Sie sind Teil der gemeinsamen Modelle", answers: "Ihre unterschriebenen Antworten und der Nachweis Ihrer Teilnahme" }, typeName: "Zur Bestätigung {{name}} eintippen",
    loading: "Einstellungen werden geladen", connection: "Verbindung", site: "Dieser Standort", own: "Fingerabdruck dieses Standorts", certificate: "Zertifikat bis", processes: "Prozesse", processesNote: "Beendete Prozesse starten von selbst neu.", program: "Programm", version: "Version", protocol: "Protokoll",
    leave: "Verbund verlassen", leaveTitle: "Den Verbund verlassen?", leaveLead: "Schlüssel und Zertifikat dieses Standorts werden von diesem Computer entfernt.", leaveOne: "Laufendes Training an diesem Standort endet.", leaveThree: "Für eine Rückkehr brauchen Sie eine neue Einladung.",
  },
};
