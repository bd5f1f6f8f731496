/** German text of the contributor's pages. */
import type { en } from "@app/i18n/en";
import { results } from "@app/i18n/de.results";
import { training } from "@app/i18n/de.training";

export const de: typeof en = {
  ...results,
  ...training,
  nav: { subtitle: "Standort", promise: "Bilder bleiben auf diesem Computer.", promiseMore: "Nur Modellaktualisierungen gehen hinaus, nach Ihrer Einwilligung.", home: "Start", data: "Daten", requests: "Anfragen", training: "Training", reconstruct: "Rekonstruieren", results: "Ergebnisse", privacy: "Datenschutz", settings: "Einstellungen" },
  notFound: { title: "Seite nicht gefunden", study: "Studie nicht gefunden", what: "An dieser Adresse ist nichts", advice: "Vielleicht wurde es entfernt. Weiter geht es über die Navigation.", home: "Zur Startseite" },
  sharing: { title: "Wie sich die Studien verteilen", note: "Außer den Anzahlen oben wird nichts mitgeteilt, wenn Sie es hier nicht erlauben.", loading: "Erlaubnis wird geladen", permit: "Dem Labor die Verteilung auf Arten, Kameras und Impulse mitteilen", permitNote: "Nur zusammengefasste Zahlen; Gruppen unter drei Studien werden vereint. Es lässt sich jederzeit zurücknehmen.", told: "Das Labor erfährt genau dies:", kinds: "Arten", cameras: "Aufnahmetechniken", counts: "Impulse im Photopeak", warned: "Mit Hinweisen der Qualitätsprüfung", other: "andere", from: "ab {{counts}}" },
  connection: { not_enrolled: "Nicht verbunden", pending: "Wartet auf Zulassung", connected: "Verbunden", reconnecting: "Verbindet neu", refused: "Abgelehnt", suspended: "Ausgesetzt", revoked: "Gesperrt", protocol_mismatch: "Versionen verschieden" },
  connect: {
    title: "Diesen Standort verbinden", intro: "Treten Sie einem Trainingsverbund mit der Einladung seiner Trainingsleitung bei. Ihre Aufnahmen bleiben hier.", loading: "Verbindung wird geladen",
    steps: { open: "Einladung öffnen", compare: "Fingerabdrücke vergleichen", done: "Verbunden" },
    openTitle: "Öffnen Sie Ihre Einladung", openNote: "Eine Datei oder ein Textblock, der mit BEGIN FLOMIR INVITATION beginnt.", drop: "Einladungsdatei hier ablegen", file: "Einladungsdatei", choose: "Datei wählen", paste: "Oder den Text der Einladung einfügen", open: "Einladung öffnen",
    whose: "Einladung von {{orchestrator}}", whoseNote: "Noch wurde nichts gesendet.", orchestrator: "Orchestrator", address: "Adresse", authority: "Fingerabdruck der Zertifizierungsstelle", expires: "Gültig bis",
    meansTitle: "Was das Verbinden bedeutet", means: "Auf diesem Computer entsteht ein Schlüssel, der ihn nie verlässt. Der Orchestrator erfährt den Namen dieses Standorts und wie viele Studien er hat. Jedes Training fragt Sie erneut.",
    name: "Name dieses Standorts", nameNote: "So zeigen ihn die Trainingsleitung und diese Seite.", back: "Andere Einladung verwenden", ask: "Um Beitritt bitten",
    compareTitle: "Vergleichen Sie diesen Fingerabdruck", compareNote: "{{orchestrator}} sieht denselben auf dem eigenen Bildschirm.", fingerprint: "Fingerabdruck dieses Standorts", compareHow: "Rufen Sie die Trainingsleitung an und lesen Sie ihn sich gegenseitig vor. Unterscheiden sie sich, brechen Sie ab: Jemand anderes könnte dazwischen sein.",
    waiting: "Wartet auf Zulassung", waitingNote: "Diese Seite geht von selbst weiter.", cancel: "Anfrage abbrechen",
    doneTitle: "Verbunden mit {{orchestrator}}", done: "{{site}} ist jetzt zugelassen. Fügen Sie nun die Studien hinzu, die für Trainings verwendet werden dürfen.", toData: "Daten hinzufügen", again: "Mit neuer Einladung beginnen",
    ended: { refused: "Die Trainingsleitung hat diesen Standort abgelehnt.", suspended: "Die Trainingsleitung hat diesen Standort vorübergehend ausgesetzt.", revoked: "Diesem Standort wurde das Vertrauen entzogen.", protocol_mismatch: "Die beiden Programme sprechen verschiedene Versionen." },
    endedAdvice: { refused: "Sprechen Sie mit der Trainingsleitung und bitten Sie um eine neue Einladung.", suspended: "Ihre Daten und Antworten sind unberührt; inzwischen läuft nichts. Wird der Standort wieder hereingelassen, verbindet er sich von selbst.", revoked: "Ihre Daten sind unberührt. Bitten Sie die Trainingsleitung um eine neue Einladung.", protocol_mismatch: "Aktualisieren Sie das ältere Programm." },
  },
  home: {
    title: "Start", intro: "Was auf Sie wartet, was läuft, was geschehen ist.", loading: "Übersicht wird geladen", needs: "Wartet auf Sie", nothingTitle: "Nichts wartet auf Sie", nothing: "Anfragen und zurückgehaltene Aktualisierungen erscheinen hier sofort.",
    running: "Training", idleTitle: "Kein Training läuft", idle: "Willigen Sie in eine Anfrage ein, können Sie es hier verfolgen.", watch: "Training verfolgen", activity: "Verlauf", connection: "Verbindung", contact: "Letzter Kontakt", usable: "Studien", look: "Ansehen",
    held: "Runde {{round}} von „{{title}}“ wartet auf Ihre Freigabe", heldText: "Die Aktualisierung hat diesen Computer nicht verlassen.", decide: "Entscheiden",
    request: "Sie werden um Teilnahme an „{{title}}“ gebeten", requestText_one: "{{orchestrator}} möchte an {{count}} Ihrer Studien trainieren.", requestText_other: "{{orchestrator}} möchte an {{count}} Ihrer Studien trainieren.", read: "Anfrage lesen",
    addData: "Fügen Sie Ihre ersten Studien hinzu", addDataText: "Jede Datei wird hier geprüft und nie hochgeladen.",
  },
  data: {
    title: "Studien", intro: "Ihre Studien bleiben auf diesem Computer. Jede wird beim Hinzufügen geprüft; eine Datei, die einen Patienten nennt, wird abgewiesen.", loading: "Studien werden geladen", add: "Studien hinzufügen", addNote: "Hier geprüft, nie hochgeladen.", drop: "Studiendateien hier ablegen", formats: "Studiendateien (HDF5), eine oder mehrere.", files: "Studiendateien", choose: "Dateien wählen",
    folder: "Oder ein Ordner auf diesem Computer", addFolder: "Ordner hinzufügen", added_one: "{{count}} Studie hinzugefügt", added_other: "{{count}} Studien hinzugefügt", addedNote: "Die Tabelle zeigt, was geprüft wurde.", refused_one: "{{count}} Datei wurde nicht übernommen", refused_other: "{{count}} Dateien wurden nicht übernommen", nothingFound: "Dort wurde keine Studiendatei gefunden.", nothingFoundNote: "Wählen Sie den Ordner, in dem die Dateien liegen.",
    emptyTitle: "Noch keine Studien", empty: "Legen Sie Studiendateien ab oder nennen Sie einen Ordner. Sie sehen jedes Bild, bevor etwas trainiert wird.", name: "Studie", state: "Status", counts: "Impulse", reference: "Referenz", size: "Größe", added: "Hinzugefügt", yes: "ja", no: "nein",
    usable: "Nutzbar", unusable: "Nicht nutzbar", withdrawn: "Zurückgezogen", usableOf: "{{usable}} von {{total}} nutzbar",
  },
  told: { title: "Was der Orchestrator erfährt", note: "Diese Anzahlen, und die Verteilung darunter nur mit Ihrer Erlaubnis.", usable: "Nutzbare Studien", total: "Alle Studien", reference: "Mit Referenzbild", patients: "Patienten", newest: "Zuletzt hinzugefügt", task: "Für {{task}}" },
  study: {
    images: "Bilder", projections: "Projektionen", reference: "Referenz", attenuation: "Schwächungskarte", loadingImage: "Bilder werden geladen", facts: "Über diese Studie", kind: "Art", geometry: "Aufnahme", patient: "Patient (Pseudonym, bleibt hier)", used: "Verwendet", usedIn_zero: "in keiner Sitzung", usedIn_one: "in {{count}} Sitzung", usedIn_other: "in {{count}} Sitzungen", hash: "SHA-256",
    removed: "Beim Einlesen entfernt", removedNote: "Kennungen, die die Datei enthielt.", removedNone: "Die Datei enthielt keine Kennungen.", reconstruct: "Rekonstruieren",
    outOfUse: "Außer Gebrauch", outOfUseNote: "Sie bleibt hier gespeichert, aber kein Training verwendet sie.", restore: "Wieder verwenden", withdraw: "Diese Studie zurückziehen", withdrawTitle: "{{name}} zurückziehen?", withdrawLead: "Ab der nächsten Runde verwendet kein Training sie mehr.", withdrawOne: "Die Datei bleibt auf diesem Computer.", withdrawTwo: "Der Orchestrator erfährt die kleinere Zahl sofort.", withdrawThree: "Sie können sie jederzeit wieder verwenden.",
  },
  task: { "spect-reconstruction": "SPECT-Rekonstruktion", "brain-segmentation": "Hirnsegmentierung" },
  metric: { nrmse_body: "Fehler im Körper (NRMSE)", nrmse_heart: "Fehler im Herzen (NRMSE)", ssim_heart: "Strukturelle Ähnlichkeit im Herzen", psnr_body: "Rauschabstand im Körper (PSNR, dB)", psnr_heart: "Rauschabstand im Herzen (PSNR, dB)", defect_contrast: "Wiedergegebener Defektkontrast", contrast_error: "Fehler des Defektkontrasts", myocardial_bias: "Abweichung in der Herzwand", wall_to_blood_contrast: "Wiedergegebener Kontrast von Wand und Blut", polar_rms: "Fehler der Polarkarte (Punkte)", dice: "Mittlere Überlappung (Dice)", train_loss: "Trainingsverlust" },
  privacy: { intro: "Jede gesendete Aktualisierung, auf das Byte genau, und jede Handlung auf diesem Computer.", loading: "Belege werden geladen", nothingTitle: "Nichts hat diesen Computer verlassen", nothing: "Sendet ein Training eine Aktualisierung, wird ihr Beleg hier aufbewahrt: Größe, Tensoren, Prüfsumme.", total: "Insgesamt {{bytes}} gesendet" },
  audit: { title: "Prüfprotokoll", intro: "Wer was getan hat. Jede Zeile enthält die Prüfsumme der vorigen; so fällt jede Änderung auf.", loading: "Prüfprotokoll wird geladen", verify: "Kette prüfen", emptyTitle: "Noch keine Zeilen", empty: "Jede Handlung wird hier festgehalten.", more: "Mehr anzeigen" },
  settings: {
    intro: "Die Verbindung und das Programm.", loading: "Einstellungen werden geladen", connection: "Verbindung", site: "Dieser Standort", own: "Fingerabdruck dieses Standorts", certificate: "Zertifikat bis", processes: "Prozesse", processesNote: "Beendete Prozesse starten von selbst neu.", program: "Programm", version: "Version", protocol: "Protokoll",
    leave: "Verbund verlassen", leaveTitle: "Den Verbund verlassen?", leaveLead: "Schlüssel und Zertifikat dieses Standorts werden von diesem Computer entfernt.", leaveOne: "Laufendes Training an diesem Standort endet.", leaveTwo: "Studien, empfangene Modelle und das Prüfprotokoll bleiben hier.", leaveThree: "Für eine Rückkehr brauchen Sie eine neue Einladung.",
  },
};
