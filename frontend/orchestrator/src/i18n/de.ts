/** German text of the orchestrator's pages. */
import type { en } from "@app/i18n/en";
import { house } from "@app/i18n/de.house";
import { laboratory } from "@app/i18n/de.laboratory";
import { plan } from "@app/i18n/de.plan";
import { words } from "@app/i18n/de.session";

export const de: typeof en = {
  ...words,
  lab: laboratory,
  ...house,
  ...plan,
  nav: { subtitle: "Orchestrator", home: "Start", sites: "Standorte", training: "Training", models: "Modelle", laboratory: "Labor", audit: "Prüfprotokoll", settings: "Einstellungen" },
  notFound: { title: "Seite nicht gefunden", session: "Sitzung nicht gefunden", what: "An dieser Adresse ist nichts", advice: "Vielleicht wurde es entfernt. Weiter geht es über die Navigation.", home: "Zur Startseite" },
  home: {
    title: "Start", intro: "Was jetzt auf Sie wartet, was läuft, was geschehen ist.", loading: "Übersicht wird geladen", needs: "Wartet auf Sie",
    nothingTitle: "Nichts wartet auf Sie", nothing: "Beitrittsanfragen, fehlgeschlagene Sitzungen und neue Daten erscheinen hier sofort.",
    running: "Laufende Sitzung", idleTitle: "Keine Sitzung ist aktiv", idle: "Starten Sie eine, sobald Standorte Daten haben. Jeder Standort wird zuerst gefragt.", watch: "Diese Sitzung verfolgen",
    totals: "Auf einen Blick", studies: "Nutzbare Studien", sessions: "Sitzungen", online: "{{online}} von {{of}} verbunden",
    pending: "{{name}} möchte beitreten", pendingText: "Vergleichen Sie die Fingerabdrücke auf beiden Bildschirmen, dann zulassen oder ablehnen.", compare: "Vergleichen",
    failed: "„{{title}}“ ist fehlgeschlagen", paused: "„{{title}}“ ist pausiert", look: "Ansehen",
    invite: "Den ersten Standort einladen", inviteText: "Ein Standort tritt mit einer Einladungsdatei oder einem Textblock bei; sein Schlüssel verlässt ihn nie.", toSites: "Zu den Standorten",
    fresh_one: "{{count}} neue Studie seit dem letzten Training", fresh_other: "{{count}} neue Studien seit dem letzten Training", freshText: "Bei {{names}}.",
  },
  sites: {
    intro: "Kliniken, die gemeinsam trainieren. Von ihren Daten sind hier nur Anzahlen bekannt.", loading: "Standorte werden geladen", name: "Standort", state: "Status", studies: "Studien", new: "Neu", certificate: "Zertifikat", seen: "Zuletzt gesehen",
    details: "Details", open: "Details zu {{name}}", never: "nie", now: "jetzt", usable: "{{usable}} von {{total}} nutzbar",
    emptyTitle: "Noch kein Standort", empty: "Laden Sie eine Klinik ein: Sie öffnet die Einladung in ihrem Programm, Sie vergleichen einen Fingerabdruck, und sie ist verbunden.",
  },
  site: {
    state: { pending: "Möchte beitreten", suspended: "Ausgesetzt", revoked: "Gesperrt", refused: "Abgelehnt", left: "Ausgetreten" }, online: "Verbunden", offline: "Nicht verbunden", close: "Details schließen",
    fingerprint: "Fingerabdruck", lastSeen: "Zuletzt gesehen", software: "Programm", certificate: "Zertifikat", renews: "bis {{until}}, erneuert sich von selbst", studies: "Studien", untold: "noch nicht mitgeteilt",
    patients: "Patienten", reference: "Mit Referenzbild", newStudies: "Neu seit dem letzten Training", sessions: "Sitzungen mit Teilnahme", name: "Name dieses Standorts", rename: "Umbenennen",
    revokeHead: "Vertrauen entziehen", revokeNote: "Bei verlorenem Computer oder wenn ein Standort ausscheidet.", revoke: "{{name}} sperren", revokeShort: "Sperren", revokeTitle: "{{name}} sperren?", revokeLead: "Das Zertifikat wird ab jetzt abgewiesen. Das lässt sich nicht rückgängig machen.",
    revokeOne: "Offene Verbindungen enden binnen fünf Sekunden.", revokeTwo: "Das laufende Training geht ohne den Standort weiter; die Mindestzahl gilt weiterhin.", revokeThree: "Für eine Rückkehr sind eine neue Einladung und ein neuer Vergleich nötig.", revokeConfirm: "Diesen Standort sperren",
  },
  pending: {
    title: "{{name}} möchte beitreten", asked: "Angefragt", fingerprint: "Fingerabdruck von {{name}}", how: "Rufen Sie {{name}} an und lesen Sie sich den Fingerabdruck gegenseitig vor. Der andere Bildschirm zeigt denselben. Weicht er ab, lehnen Sie ab.",
    compared: "Beide Fingerabdrücke sind gleich", approve: "{{name}} zulassen", approveShort: "Zulassen", refuse: "Ablehnen", refuseTitle: "{{name}} ablehnen?", refuseLead: "Der Standort erhält kein Zertifikat und wird darüber informiert.",
    refuseOne: "Die Einladung ist verbraucht.", refuseTwo: "Für einen neuen Versuch braucht der Standort eine neue Einladung.", refuseConfirm: "Diesen Standort ablehnen",
  },
  invite: {
    title: "Standort einladen", close: "Einladung schließen", lead: "Eine Einladung gilt einmal. Sie enthält Adresse und Identität dieses Orchestrators und ein Geheimnis, mit dem ein Standort um Vertrauen bitten kann.",
    name: "Name des Standorts", nameNote: "Freiwillig. Der Standort kann ihn ändern.", namePlaceholder: "zum Beispiel Standort Nord", valid: "Gültig für",
    hours: { 24: "1 Tag", 72: "3 Tage", 168: "1 Woche", 720: "30 Tage" }, create: "Einladung erstellen",
    ready: "Die Einladung ist bereit.", once: "Sie wird nur jetzt angezeigt und gilt einmal, bis {{until}}. Senden Sie sie auf einem Weg, dem Sie vertrauen.", asFile: "Als Datei", download: "{{name}} herunterladen", asText: "Als Text",
    next: "Hat der Standort sie geöffnet, erscheint auf dieser Seite eine Anfrage. Sie vergleichen die Fingerabdrücke, bevor ihm vertraut wird.", done: "Fertig",
  },
  invitations: { title: "Offene Einladungen", note: "Noch nicht verwendet.", unnamed: "Beliebiger Standort", until: "gültig bis {{until}}", open: "Offen", withdraw: "Zurückziehen", withdrawOf: "Einladung für {{name}}, gültig bis {{until}}, zurückziehen", withdrawTitle: "Diese Einladung zurückziehen?",
    withdrawLead: "{{name}}: Ihre Datei und ihr Text werden dann abgewiesen.", withdrawOne: "Soll der Standort später beitreten, erstellen Sie eine neue Einladung.", withdrawConfirm: "Diese Einladung zurückziehen",
  },
  models: {
    intro: "Jede Version, die hier je entstand, unveränderlich und nach ihrem Inhalt benannt.", loading: "Modelle werden geladen", name: "Modell", origin: "Herkunft", parent: "Entstanden aus", metric: "Hauptmessgröße", size: "Größe", created: "Entstanden",
    details: "Details", open: "Details zu {{name}}", close: "Schließen", goneTitle: "Dieses Modell ist nicht mehr hier", gone: "Es wurde gelöscht. Steht es unten bei den gelöschten Modellen, kann es wiederhergestellt werden.", fromRound: "Runde {{round}}", inUse: "In Gebrauch", inUseNote: "Eine Sitzung verwendet dieses Modell. Nach ihrem Ende kann es gelöscht werden.",
    emptyTitle: "Noch kein Modell", empty: "Beginnen Sie mit dem trainierten Netz oder mit zufälligen Gewichten, bringen Sie eine Datei mit oder starten Sie eine Sitzung: Sie legt ihr erstes Modell selbst an.",
    recommended: "Empfohlen", recommend: "Für seine Aufgabe empfehlen", recommendNot: "Nicht mehr empfehlen", tryIt: "Ausprobieren", downloadCard: "Modellkarte herunterladen", 
    task: "Aufgabe", network: "Netz", parameters: "Parameter", hash: "SHA-256", lineage: "Abstammung", card: "Modellkarte", newName: "Name", renameNote: "Identität und Abstammung bleiben beim Umbenennen gleich.", rename: "Umbenennen",
    download: "Gewichte herunterladen", delete: "Modell löschen", deleteTitle: "{{name}} löschen?", deleteLead: "Es kommt in den Papierkorb und kann von dort wiederhergestellt werden.", deleteOne: "Kopien, die Standorte abgerufen haben, bleiben dort.",
    deleteNoChild: "Keine andere Version ist daraus entstanden.", deleteChildren_one: "{{count}} Version ist daraus entstanden und behält ihren Eintrag.", deleteChildren_other: "{{count}} Versionen sind daraus entstanden und behalten ihren Eintrag.", deleteThree: "Das Prüfprotokoll hält fest, wer was gelöscht hat.", deleteConfirm: "Dieses Modell löschen",
    upload: "Modell hochladen", uploadNote: "Eine safetensors-Datei für eine der Aufgaben. Sie wird geprüft, bevor sie aufgenommen wird.", shipped: "Trainiertes Netz verwenden", shippedNote: "Das Netz für die SPECT-Rekonstruktion, das mit FLoMIR kommt, trainiert an simulierten Aufnahmen. Eine Sitzung baut auf dem Gelernten auf.", random: "Zufälliges Modell erstellen", randomNote: "Das Standardnetz der Aufgabe mit zufälligen Gewichten. Derselbe Startwert ergibt dieselben Gewichte.",
    seed: "Startwert", seedNote: "Eine beliebige ganze Zahl.", file: "Datei", filePlaceholder: "Eine .safetensors-Datei wählen", create: "Modell erstellen", add: "Modell hinzufügen",
  },
  bin: {
    title: "Gelöschte Modelle", note: "Sie bleiben, bis sie endgültig entfernt werden.", deleted: "gelöscht", restore: "Wiederherstellen", restoreOf: "Wiederherstellen: {{name}}", remove: "Endgültig entfernen", removeOf: "Endgültig entfernen: {{name}}",
    removeTitle: "{{name}} endgültig entfernen?", removeLead: "Die Gewichte werden von diesem Computer gelöscht. Das lässt sich nicht rückgängig machen.", removeOne: "Der Eintrag und sein Platz in der Abstammung bleiben.", removeTwo: "Kopien, die Standorte geholt haben, bleiben dort.", removeConfirm: "Dieses Modell endgültig entfernen",
  },
  task: { "spect-reconstruction": "SPECT-Rekonstruktion", "brain-segmentation": "Hirnsegmentierung" },
  model: { origin: { random: "Zufällige Gewichte", uploaded: "Hochgeladen", shipped: "Kommt mit FLoMIR", round: "Trainingsrunde", trained: "Hier trainiert" } },
  audit: {
    title: "Prüfprotokoll", intro: "Wer was getan hat. Jede Zeile enthält die Prüfsumme der vorigen; so fällt jede Änderung auf.",
  },
  system: { intro: "Wer diese Seiten öffnen darf, Ihr eigenes Konto und das Programm selbst.", loading: "Systemzustand wird geladen", identity: "Identität", name: "Name", address: "Öffentliche Adresse", fingerprint: "Fingerabdruck der Zertifizierungsstelle", version: "Version", protocol: "Protokoll", processes: "Prozesse", processesNote: "Beendete Prozesse starten von selbst neu." },
};
