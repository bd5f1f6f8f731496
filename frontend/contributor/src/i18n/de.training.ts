/** German text about requests and training. */
import type { training as trainingEn } from "@app/i18n/en.training";

export const training: typeof trainingEn = {
  request: {
    intro: "Jedes Training fragt zuerst. Nichts läuft auf Ihren Studien, bevor Sie einwilligen.", loading: "Anfragen werden geladen", emptyTitle: "Keine Anfragen", empty: "Bittet eine Trainingsleitung um Ihre Studien, erscheint die Anfrage hier sofort.",
    state: { open: "Braucht Ihre Antwort", agreed: "Eingewilligt", declined: "Abgelehnt", expired: "Abgelaufen", withdrawn: "Widerrufen", closed: "Beendet" },
    from: "von {{orchestrator}}, {{at}}", unverified: "Die Signatur dieser Anfrage konnte nicht geprüft werden.", unverifiedAdvice: "Willigen Sie nicht ein. Sprechen Sie mit der Trainingsleitung.",
    sentence_one: "{{orchestrator}} möchte {{task}} an {{count}} Ihrer Studien lernen, in {{rounds}} Runden. Die Studien werden nur auf diesem Computer gelesen.", sentence_other: "{{orchestrator}} möchte {{task}} an {{count}} Ihrer Studien lernen, in {{rounds}} Runden. Die Studien werden nur auf diesem Computer gelesen.",
    who: "Wer fragt", what: "Was gelernt wird", mine: "An wie vielen meiner Studien", studies_one: "{{count}} Studie", studies_other: "{{count}} Studien", leaves: "Was das Haus verlässt", leavesValue: "eine Modellaktualisierung von {{each}} je Runde, insgesamt {{all}}", never: "Was das Haus nie verlässt", neverValue: "Bilder, Namen, Patientennummern",
    with: "Zusammen mit", withValue_one: "{{count}} weiteren Standort", withValue_other: "{{count}} weiteren Standorten", howLong: "Wie lange", howLongValue: "{{rounds}} Runden, je höchstens {{each}}", until: "Antwort bis",
  },
  answer: {
    title: "Ihre Antwort", takePart: "An diesem Training teilnehmen", takePartNote: "Dieser Standort erhält das Modell jeder Runde.", train_one: "An meiner {{count}} Studie trainieren", train_other: "An meinen {{count}} Studien trainieren", trainNote: "Auf diesem Computer, nur mit installierten Programmen.", send: "Die trainierte Aktualisierung zurücksenden", sendNote: "Sie besteht aus Zahlen des Netzes, nicht aus Bildern.",
    sends: { yes: "Ja, nach jeder Runde", ask: "Vor dem Senden noch einmal fragen", no: "Nein, hier behalten" }, sendsNote: { yes: "Empfohlen.", ask: "Jede Aktualisierung wartet auf Ihre Freigabe. Eine späte Freigabe kann die Runde verpassen.", no: "Sie sehen, wie das Training läuft, aber für die anderen zählt es nicht." },
    reason: "Mitteilung an die Trainingsleitung", reasonNote: "Freiwillig.", noData: "Sie haben keine nutzbare Studie für diese Aufgabe.", noDataAdvice: "Fügen Sie auf der Seite Daten Studien hinzu und willigen Sie dann ein.", agree: "Einwilligen und signieren", decline: "Ablehnen", signed: "Ihre Antwort wird mit dem Schlüssel dieses Standorts signiert und auf beiden Seiten aufbewahrt. Sie können jederzeit widerrufen.",
  },
  further: {
    title: "Sie werden um weitere Runden gebeten", text: "{{orchestrator}} möchte bis auf {{rounds}} Runden insgesamt weitergehen. Sie haben in {{before}} eingewilligt.", late: "Die Zeit für die Antwort ist vorbei.", rounds: "Runden insgesamt", roundsValue: "{{rounds}} statt {{before}}", answer: "Ihre Antwort zu den weiteren Runden", note: "Wenn Sie ablehnen oder nicht antworten, bleibt Ihre Einwilligung in {{before}} Runden, wie sie ist.",
    todo: "„{{title}}“ möchte weitere Runden", todoText: "{{orchestrator}} möchte weitermachen. Ihre Einwilligung bleibt, wie sie ist, bis Sie unterschreiben.",
  },
  record: { title: "Signierte Antwort", decision: "Antwort", agree: "Eingewilligt", decline: "Abgelehnt", at: "Signiert", studies: "Umfasst", send: "Senden", until: "Gültig bis", reason: "Mitteilung", offer: "Prüfsumme der Anfrage", list: "Prüfsumme der Studienliste" },
  phase: { waiting: "Wartet", received: "Modell empfangen", scoring: "Bewertung", training: "Trainiert", held: "Wartet auf Sie", sending: "Sendet", sent: "Gesendet", failed: "Fehlgeschlagen", withdrawn: "Widerrufen" },
  training: {
    intro: "Was gerade an Ihren Studien trainiert und was in jeder Runde gesendet wurde.", loading: "Training wird geladen", emptyTitle: "Noch kein Training", empty: "Sitzungen erscheinen hier, sobald Sie in eine Anfrage eingewilligt haben.", toRequests: "Zu den Anfragen",
    state: { draft: "Entwurf", offered: "Wartet auf andere Standorte", starting: "Startet", running: "Läuft", paused: "Pausiert", stopping: "Wird beendet", completed: "Abgeschlossen", stopped: "Gestoppt", failed: "Fehlgeschlagen", aborted: "Aufgegeben" },
    withdrawn: "Von Ihnen widerrufen", roundOf: "Runde {{round}} von {{of}}", covers_one: "an {{count}} Ihrer Studien", covers_other: "an {{count}} Ihrer Studien", progress: "Fortschritt dieser Runde", lossNow: "Letzter Verlust", studies: "Umfasste Studien", sent: "Bisher gesendet", reason: "Hinweis", loss: "Verlust", lossCurve: "Trainingsverlust an diesem Standort", pass: "Schritt", noCurve: "Die Verlustkurve beginnt mit den ersten Trainingsschritten.",
    withdraw: "Widerrufen", withdrawTitle: "Einwilligung in „{{title}}“ widerrufen?", withdrawLead: "Ihre Einwilligung endet jetzt.", withdrawOne: "Das Training an Ihren Studien endet, und es wird nichts mehr gesendet.", withdrawTwo: "Die schon gesendeten {{bytes}} sind Teil des gemeinsamen Modells und lassen sich nicht mehr herausnehmen.", withdrawThree: "Die Trainingsleitung sieht, dass Sie widerrufen haben.", withdrawConfirm: "Meine Einwilligung widerrufen",
  },
  held: { label: "Zurückgehaltene Aktualisierung der Runde {{round}}", title: "Die Aktualisierung der Runde {{round}} wartet auf Sie", text: "Sie wurde auf diesem Computer trainiert (Verlust {{loss}}) und hat ihn nicht verlassen.", receipt: "{{bytes}} in {{tensors}} Tensoren, Verlust {{loss}}. Sie hat diesen Computer nicht verlassen.", send: "Diese Aktualisierung senden", keep: "Hier behalten" },
  receipts: { title: "Belege", none: "Noch keine Runde, also wurde nichts gesendet.", round: "Runde", state: "Status", left: "Gesendet", tensors: "Tensoren", norm: "Norm", studies: "Studien", hash: "Prüfsumme", when: "Wann", nothing: "nichts" },
  reason: {
    "consent.missing": "keine Einwilligung", "consent.expired": "die Einwilligung ist abgelaufen", "compute.failed": "das Training ist fehlgeschlagen", "compute.diverged": "das Training divergierte: Der Verlust wuchs unbegrenzt", "federation.quorum_missed": "zu wenige Standorte haben eine Aktualisierung gesendet", "federation.update_rejected": "die Aktualisierung wurde nicht angenommen", "peer.unreachable": "der Orchestrator ist nicht erreichbar", "storage.disk_full": "der Datenträger ist voll", withdrawn: "Sie haben widerrufen",
  },
};
