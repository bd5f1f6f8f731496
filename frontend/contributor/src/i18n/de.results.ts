/** German text about models, reconstructions and what a participation brought. */
import type { results as english } from "@app/i18n/en.results";

export const results: typeof english = {
  models: {
    loading: "Modelle werden geladen", title: "Empfangene Modelle", note: "Aus Sitzungen, zu denen Sie gefragt wurden.", final: "Endgültig", round: "Runde {{round}}", fetch: "Abrufen ({{size}})", fetchOf: "{{name}} abrufen", save: "Speichern", saveOf: "{{name}} mit Modellkarte als Datei speichern",
    remove: "Entfernen", removeOf: "Datei von {{name}} entfernen", removeTitle: "Die Datei dieses Modells entfernen?", removeLead: "{{name}}, {{size}}.", removeFile: "Seine Gewichte werden von diesem Computer gelöscht. Gespeicherte Dateien bleiben, wo sie sind.", removeStays: "Das Modell bleibt in dieser Liste; Rekonstruktionen und Vergleiche damit bleiben.", removeAgain: "Sie können es wieder abrufen, solange das Labor es behält.", removeConfirm: "Entfernen",
    kept: "Empfangene Modelle (Programmordner)",
    shipped: "{{network}} (mitgeliefert)", shippedGroup: "Mitgeliefert", receivedGroup: "Empfangen",
  },
  recon: {
    intro: "Eine Ihrer Studien mit Ihrer üblichen Rekonstruktion und mit einem Modell, nebeneinander. Alles läuft auf diesem Computer.", title: "Studie und Modell wählen", note: "OSEM und das Modell nebeneinander.", study: "Studie", model: "Modell", start: "Rekonstruieren", noStudy: "Keine solche Studie", by: "mit {{model}}", research: "Für die Forschung, nicht für die Diagnose", researchNote: "Bilder dieser Modelle sind nicht für die Patientenversorgung zugelassen.",
    emptyTitle: "Keine Studie zum Rekonstruieren", empty: "Fügen Sie zuerst eine SPECT-Studie hinzu. Das mitgelieferte Netz kann sie sofort rekonstruieren.", toData: "Daten hinzufügen",
    running: "Wird rekonstruiert", runningNote: "Einige Sekunden bis Minuten. Sie dürfen die Seite verlassen.", failed: "Die Rekonstruktion wurde nicht fertig.", loadingImages: "Bilder werden geladen", array: { osem: "OSEM", model: "Modell", reference: "Referenz", difference: "Modell − OSEM" }, differenceNote: "orange: mehr, blau: weniger als OSEM", metrics: "Verglichen mit der Referenz", measure: "Maß", noReference: "Diese Studie hat kein Referenzbild, daher gibt es keine Zahlen.",
    before: "Früher erstellt", show: "Zeigen", showOf: "{{study}} mit {{model}} zeigen", shownNow: "gezeigt",
    remove: "Entfernen", removeTitle: "Diese Rekonstruktion entfernen?", removeLead: "{{study}} mit {{model}}. Das lässt sich nicht rückgängig machen.", removeImages: "Ihre Bilder und Polarkarten werden von diesem Computer gelöscht. Mitgenommene Dateien bleiben, wo sie sind.", removeStays: "Die Studie und das Modell bleiben.", removeAgain: "Sie können die Studie jederzeit neu rekonstruieren.", removeConfirm: "Endgültig entfernen",
    takeAlong: "Herunterladen", exportOf: "{{what}} als {{form}}",
    polar: "Polarkarten", polarNote: "17 Segmente (AHA) in Punkten; 100 ist der Mittelwert der drei höchsten.", polarWidth: "Halbe Breiten der Intervalle des Modells: {{low}} bis {{high}} Punkte.",
    projections: "Projektionen", projectionsNote: "Was die Kamera gemessen hat, als Film.", showFilm: "Film zeigen", hideFilm: "Film schließen",
    familiar: "Kennt das Modell solche Studien?", familiarOk: "Diese Studie gleicht denen, an denen das Modell gelernt hat.", familiarUnusual: "Einiges an dieser Studie ist für das Modell ungewöhnlich.", familiarUnlike: "Diese Studie gleicht denen nicht, an denen das Modell gelernt hat. Verlassen Sie sich nicht auf das Bild des Modells.", familiarUnknown: "Nicht geprüft: Dieses Modell sagt nicht, welche Studien es kennt.",
    intervals: "Intervalle: Bei Studien wie denen der Kalibrierung liegen {{level}} der Voxel darin, in {{cases}} der Fälle.", intervalsVoid: "Die Intervalle versprechen hier nichts, weil die Studie denen ihrer Kalibrierung nicht gleicht.", intervalsNone: "Dieses Modell bringt keine Intervalle mit; wo es unsicher ist, wird daher nicht gezeigt.",
  },
  own: {
    intro: "Was Ihre Teilnahme gebracht hat, an Ihren Patienten, die in dieser Sitzung zurückgehalten wurden. Jede Sitzung lost sie neu aus.", loading: "Ergebnisse werden geladen",
    toReconstruct: "Mit dem mitgelieferten Netz rekonstruieren", emptyTitle: "Noch kein Modell", empty: "Nach jeder Runde eines Trainings erscheint hier sein Modell, auch wenn Sie abgelehnt haben. Bis dahin arbeitet die Seite Rekonstruieren mit dem mitgelieferten Netz.",
    title: "Vorher und nachher an meiner Prüfgruppe", note: "OSEM, ein Modell nur aus Ihren Daten und das gemeinsame Modell, an den zurückgehaltenen Patienten.", model: "Gemeinsames Modell", start: "Vergleichen", explain: "Ihr eigenes Modell wird jetzt hier trainiert: Es beginnt, wo das gemeinsame Training begann, und macht so viele Schritte wie Ihr Standort darin, sieht aber nur Ihre Daten. Das kann so lange dauern wie Ihr Anteil am Training.",
    stage: { queued: "Wartet, bis es an der Reihe ist", preparing: "Studien werden gelesen", training: "Das Modell nur aus Ihren Daten wird trainiert", scoring: "Die Prüfgruppe wird rekonstruiert" },
    cancel: "Abbrechen", ending: "Wird beendet. Was getan ist, bleibt.", resume: "Weitermachen", state: { queued: "Wartet", running: "Läuft", done: "Fertig", failed: "Gescheitert", cancelled: "Abgebrochen", interrupted: "Unterbrochen" }, cancelledNote: "Der Vergleich wurde abgebrochen. Er kann nach seiner letzten ganzen Runde weitergehen.", interruptedNote: "Der Vergleich wurde unterbrochen. Er kann nach seiner letzten ganzen Runde weitergehen.",
    remove: "Entfernen", removeTitle: "Diesen Vergleich entfernen?", removeLead: "Für {{model}}. Das lässt sich nicht rückgängig machen.", removeImages: "Seine Zahlen und Bilder und das Modell aus Ihren Daten allein werden von diesem Computer gelöscht.", removeStays: "Ihre Studien und das empfangene Modell bleiben.", removeAgain: "Sie können neu vergleichen; Ihr eigenes Modell wird dann neu trainiert.", removeConfirm: "Endgültig entfernen",
    made: "Vergleiche", forModel: "für {{model}}",
    method: { osem: "OSEM", local: "Nur meine Daten", federated: "Gemeinsam", reference: "Referenz" },
    brought: "Was meine Teilnahme gebracht hat", broughtNote: "Das gemeinsame Modell verglichen mit dem, was Sie allein hätten trainieren können.",
    say: {
      better: "Das gemeinsame Modell ist besser als das Modell nur aus Ihren Daten: {{metric}} {{difference}} (95-%-Intervall {{low}} bis {{high}}).",
      worse: "Das gemeinsame Modell ist schlechter als das Modell nur aus Ihren Daten: {{metric}} {{difference}} (95-%-Intervall {{low}} bis {{high}}).",
      unclear: "Kein klarer Unterschied zwischen dem gemeinsamen Modell und dem Modell nur aus Ihren Daten: {{metric}} {{difference}} (95-%-Intervall {{low}} bis {{high}}).",
      too_few: "Zu wenige Patienten für eine Aussage: nur {{count}} zurückgehalten. Für ein aussagekräftiges Intervall braucht es mindestens 5.",
    },
    none: "An der Prüfgruppe ließ sich kein Maß berechnen.",
    table: "Mittel über meine Prüfgruppe", measure: "Maß", difference: "Gemeinsam − nur meine Daten", overOsem: "Gemeinsam − OSEM", verdict: { better: "besser", worse: "schlechter", unclear: "kein klarer Unterschied", too_few: "zu wenige Patienten" },
    interval: "{{low}} bis {{high}}", meanNote: "Mit 95-%-Bootstrap-Intervallen über Patienten.",
    facts_one: "{{count}} Patient zurückgehalten", facts_other: "{{count}} Patienten zurückgehalten", trained: "Eigene Trainingshälfte", trainedValue_one: "{{count}} Studie", trainedValue_other: "{{count}} Studien", rounds: "Runden mit meiner Aktualisierung", steps: "Trainingsschritte, in beiden gleich", heldOut: "Zurückgehalten", leftOut: "Seither zurückgezogen",
    cases: "Fall für Fall", casesNote: "Wählen Sie einen Fall, um seine Bilder zu sehen.", case: "Fall", patient: "Patient {{patient}}", caseImages: "Bilder von {{name}}", look: "{{name}} ansehen", look_short: "Ansehen", noImages: "Von diesem Fall wurden keine Bilder aufbewahrt.", metric: "Maß",
    halfCounts_one: "{{count}} Studie hat kein Referenzbild: Jedes Verfahren sah die Hälfte ihrer Impulse, und das OSEM-Bild aller Impulse steht für die Wahrheit. Das begünstigt OSEM.", halfCounts_other: "{{count}} Studien haben kein Referenzbild: Jedes Verfahren sah die Hälfte ihrer Impulse, und die OSEM-Bilder aller Impulse stehen für die Wahrheit. Das begünstigt OSEM.",
    failed: "Der Vergleich wurde nicht fertig.", unseen: "Keiner dieser Patienten ist in Ihrer Trainingshälfte dieser Sitzung.",
  },
};
