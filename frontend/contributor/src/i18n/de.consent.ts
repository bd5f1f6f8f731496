/** German text about standing rules, reminders, pauses, resources, receipts and the information sheet. */
import type { consent as english } from "@app/i18n/en.consent";

import { quietActivity } from "@app/i18n/de.settings";

export const consent: typeof english = {
  rules: {
    title: "Dauerregeln", note: "Solchen Anfragen zustimmen, ohne mich jedes Mal zu fragen. Jede Einwilligung nennt die Regel und ihre Version.", loading: "Dauerregeln werden geladen", add: "Neue Regel", emptyTitle: "Keine Dauerregel", empty: "Sie werden zu jeder Anfrage gefragt. Eine Regel kann für Sie zustimmen, in Grenzen, die Sie setzen.",
    sentence: "{{orchestrator}} darf {{task}} mit meinen Studien trainieren, höchstens {{rounds}} Runden je Sitzung.", inForce: "In Kraft", paused: "Angehalten", over: "Nicht in Kraft", atMost_one: "höchstens {{count}} Runde je Woche", atMost_other: "höchstens {{count}} Runden je Woche", between: "Runden beginnen nur von {{begin}} bis {{end}}", anyTime: "zu jeder Stunde", until: "bis {{until}}",
    used_one: "{{count}} geltende Einwilligung", used_other: "{{count}} geltende Einwilligungen", week_one: "{{count}} Runde in sieben Tagen", week_other: "{{count}} Runden in sieben Tagen", weekOf: "{{count}} von {{of}} Runden in sieben Tagen", version: "Version {{version}}",
    pause: "Regel anhalten", resume: "Regel fortsetzen", edit: "Ändern", delete: "Regel löschen", deleteTitle: "„{{name}}“ löschen?", deleteLead: "Sie stimmt nichts mehr zu.", deleteOne: "Erteilte Einwilligungen bleiben mit ihren Grenzen bestehen; eine Sitzung widerrufen Sie auf der Seite Training.", deleteTwo: "Das Prüfprotokoll behält jede Version.",
    newTitle: "Neue Dauerregel", editTitle: "Dauerregel ändern", close: "Schließen", meansTitle: "Was eine Regel tut", means: "Sie stimmt neuen Anfragen des verbundenen Labors zu, mit allen nutzbaren Studien für die Aufgabe, signiert mit dem Schlüssel dieses Standorts. Eine Änderung ergibt eine neue Version und gilt für spätere Anfragen.",
    name: "Name der Regel", suggested: "Training nachts", task: "Was gelernt werden darf", maxRounds: "Höchstzahl der Runden einer Sitzung", maxRoundsNote: "Zu längeren werden Sie gefragt.", limitWeek: "Die Runden einer Woche begrenzen", roundsAWeek: "Runden in sieben Tagen", limitHours: "Nur zu bestimmten Stunden", hoursNote: "Eine Runde beginnt nur dann, nach der Uhr dieses Computers; eine begonnene wird beendet.", begin: "Von", end: "Bis", cancel: "Abbrechen", create: "Diese Regel anlegen", save: "Als neue Version speichern",
  },
  later: {
    ask: "Später fragen", title: "Später noch einmal fragen", lead: "Die Anfrage kommt als Erinnerung wieder. Ihre Antwort ist bis {{due}} fällig.", when: "Wann", own: "Datum und Uhrzeit", confirm: "Erinnern", choice: { hour: "In einer Stunde", evening: "In acht Stunden", day: "Morgen um diese Zeit", own: "Zu einer eigenen Zeit" },
    until: "Sie werden am {{at}} wieder gefragt", note: "Bis dahin zählt die Anfrage nicht als wartend. Antworten können Sie jederzeit.", now: "Jetzt fragen", chip: "Verschoben",
  },
  pause: { pause: "Anhalten", resume: "Fortsetzen", title: "Von diesem Standort angehalten", text: "Nichts beginnt und nichts wird beendet, bis Sie fortsetzen. Das Labor sieht, dass dieser Standort angehalten hat; seine Runde kann ohne ihn schließen.", todo: "„{{title}}“ ist hier angehalten", todoText: "Es geht weiter, wenn Sie fortsetzen." },
  resources: {
    title: "Was das Training nutzen darf", note: "Gilt ab der nächsten Runde, der Speicher sofort. Das Training nutzt den Prozessor.", loading: "Grenzen werden geladen", threads: "Prozessor-Threads", threadsNote: "Dieser Computer hat {{count}}.", limitMemory: "Speicher des Trainings begrenzen", memory: "Speicher (MiB)", memoryNote: "Eine Runde, die mehr braucht, endet hier.", memoryHere: "Dieser Computer hat {{mib}} MiB. Eine Runde, die mehr als die Grenze braucht, endet hier.", limitHours: "Nur zu bestimmten Stunden trainieren", hoursNote: "Für jede Sitzung; eine begonnene Runde wird beendet.", save: "Speichern", saved: "Gespeichert.",
  },
  receipt: {
    title: "Beleg der Runde {{round}}, „{{title}}“", nothing: "In dieser Runde hat nichts diesen Computer verlassen.", left: "Was diesen Computer verlassen hat", destination: "Wohin", time: "Wann", size: "Größe", examples: "Studien, mit denen trainiert wurde", tensors: "Tensoren, die hinausgingen", tensor: "Tensor", shape: "Form", beside: "Dazu: der mittlere Verlust, die mittleren Werte des erhaltenen Modells auf Ihren Prüfstudien und die Dauer.",
    stayed: "Was nicht hinausging", not: { images: "Bilder, Projektionen und Schwächungskarten", names: "Namen, Geburtsdaten, Patientennummern und Befunde", studies: "Einzelne Studien, ihre Pseudonyme und Dateinamen", list: "Welche Studien verwendet wurden (eine Prüfsumme der Liste steht in Ihrer Einwilligung)" },
  },
  sheet: { title: "Informationsblatt für Patienten", intro: "Zum Aushändigen und Drucken. Jede Einwilligung dieses Standorts nennt die Version, die galt.", loading: "Blatt wird geladen", print: "Drucken", language: "Sprache des Blatts", version: "Version {{version}} vom {{issued}}" },
  unread: { badge_one: "{{count}} neue Zeile im Verlauf", badge_other: "{{count}} neue Zeilen im Verlauf", mark: "Als gelesen markieren" },
  activity: {
    ...quietActivity,
    rule: { created: "Dauerregel „{{name}}“ wurde angelegt.", changed: "Dauerregel „{{name}}“ wurde geändert (Version {{version}}).", paused: "Dauerregel „{{name}}“ ist angehalten.", resumed: "Dauerregel „{{name}}“ stimmt wieder zu.", deleted: "Dauerregel „{{name}}“ wurde gelöscht; ihre Einwilligungen bleiben.", could_not_agree: "Dauerregel „{{name}}“ konnte „{{title}}“ nicht zustimmen; die Anfrage wartet auf Sie." },
    request: { received: "{{orchestrator}} bittet um Teilnahme an „{{title}}“.", further: "{{orchestrator}} bittet um insgesamt {{rounds}} Runden für „{{title}}“.", recalled: "{{orchestrator}} hat die Anfrage „{{title}}“ zurückgenommen.", put_off: "Die Anfrage „{{title}}“ kommt am {{at}} wieder.", reminder: "Erinnerung: „{{title}}“ wartet auf Ihre Antwort." },
    consent: { agreed_one: "„{{title}}“ mit {{count}} Studie zugestimmt.", agreed_other: "„{{title}}“ mit {{count}} Studien zugestimmt.", declined: "„{{title}}“ abgelehnt.", withdrawn: "Die Einwilligung in „{{title}}“ wurde widerrufen; nichts wird mehr trainiert oder gesendet." },
    training: { paused: "„{{title}}“ ist hier angehalten.", resumed: "„{{title}}“ geht hier weiter." },
    resources: { changed: "Was das Training von diesem Computer nutzen darf, wurde geändert." },
    update: { held: "Runde {{round}}: Die Aktualisierung ist fertig und wartet auf Ihre Antwort, bevor sie hinausgeht.", sent: "Runde {{round}}: Eine Aktualisierung von {{bytes}} wurde gesendet; keine Aufnahme hat das Haus verlassen.", released: "Die Aktualisierung der Runde {{round}} darf hinaus.", kept: "Die Aktualisierung der Runde {{round}} bleibt hier." },
    reconstruction: { removed: "Eine Rekonstruktion wurde mit ihren Bildern entfernt." }, result: { removed: "Ein Vergleich an den eigenen zurückgehaltenen Patienten wurde mit seinen Bildern entfernt." },
    enrolment: { left: "{{orchestrator}} verlassen; der Schlüssel dieses Standorts wurde gelöscht.", left_told: "{{orchestrator}} verlassen und benachrichtigt; der Schlüssel dieses Standorts wurde gelöscht.", left_not_told: "{{orchestrator}} verlassen, war aber nicht zu benachrichtigen; der Schlüssel dieses Standorts wurde gelöscht." },
    round: { failed: "Runde {{round}} endete hier ohne Ergebnis ({{reason}})." },
  },
};
