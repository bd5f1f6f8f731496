/** German text about the house itself. */
import { accountActivityDe } from "@shared/i18n/de.settings";

import type { house as houseEn } from "@app/i18n/en.house";

export const house: typeof houseEn = {
  uptime: { label: "In den letzten 24 Stunden zu {{percent}} % verbunden" },
  trust: {
    suspendHead: "Vorübergehend aussetzen", suspendNote: "Für Wartung oder im Zweifel. Es lässt sich zurücknehmen.", suspend: "{{name}} aussetzen", suspendShort: "Aussetzen", suspendTitle: "{{name}} aussetzen?", suspendLead: "Der Standort bleibt draußen, bis Sie ihn wieder hereinlassen.",
    suspendOne: "Offene Verbindungen enden binnen fünf Sekunden.", suspendTwo: "Das laufende Training geht ohne den Standort weiter; die Mindestzahl gilt weiterhin.", suspendThree: "Name, Zertifikat, Einwilligungen und Verlauf bleiben.", suspendConfirm: "Diesen Standort aussetzen",
    suspended: "{{name}} ist ausgesetzt", suspendedNote: "Der Standort wird abgewiesen. Lassen Sie ihn wieder herein, und er verbindet sich binnen Sekunden von selbst.", readmit: "{{name}} wieder hereinlassen",
    renewHead: "Zertifikat", renewNote: "Es erneuert sich 30 Tage vor dem Ende von selbst. Erneuern Sie es jetzt, wenn der Standort lange aus war oder der Computer in andere Hände kam.", renew: "Zertifikat jetzt erneuern", renewAsked: "{{name}} ist benachrichtigt und erneuert, sobald eine Verbindung besteht.",
    ends_zero: "endet innerhalb eines Tages", ends_one: "endet in {{count}} Tag", ends_other: "endet in {{count}} Tagen", ended: "ist abgelaufen", until: "bis {{until}}",
  },
  newData: {
    nav: "Neue Daten", title: "Neue Daten", intro: "Nutzbare Studien, die seit der letzten Runde des Standorts hinzukamen, für alle Aufgaben zusammen. Hier sind nur Anzahlen und Tage bekannt.", loading: "Neues wird geladen", site: "Standort", new: "Neue Studien", since: "Seit", verdict: "Für eine Sitzung", newest: "Neueste",
    choose: "{{name}} wählen", fromStart: "noch nie trainiert", enough: "Genug", tooFew: "{{missing}} fehlen noch", none: "Nichts Neues", usable: "insgesamt {{usable}} nutzbar", ready: "Genug für eine Sitzung", readyText_one: "{{count}} Standort hat mindestens {{least}}.", readyText_other: "{{count}} Standorte haben je mindestens {{least}}.", studies_one: "{{count}} neue Studie", studies_other: "{{count}} neue Studien",
    notYet: "Noch nicht genug für eine Sitzung", notYetText_one: "Es reicht, wenn {{count}} Standort mindestens {{least}} hat; jetzt: {{have}}. Sie können trotzdem eine starten. Die Zahlen stehen in den Einstellungen.", notYetText_other: "Es reicht, wenn {{count}} Standorte je mindestens {{least}} haben; jetzt: {{have}}. Sie können trotzdem eine starten. Die Zahlen stehen in den Einstellungen.",
    start_one: "Sitzung mit diesem Standort starten", start_other: "Sitzung mit diesen {{count}} Standorten starten", startNone: "Mindestens einen Standort wählen", emptyTitle: "Noch kein zugelassener Standort", empty: "Sobald ein Standort verbunden ist und Studien hat, steht hier, wer was Neues hat.", toSites: "Zu den Standorten", offline: "Standorte ohne Verbindung erhalten die Anfrage, sobald sie zurück sind.",
  },
  todo: {
    certificate: "Das Zertifikat von {{name}} endet bald", certificateEnded: "Das Zertifikat von {{name}} ist abgelaufen", certificateText: "Es hätte sich von selbst erneuern sollen. Bitten Sie den Standort, sein Programm zu starten, und erneuern Sie dann.", lookSite: "Standort ansehen",
    ready: "„{{title}}“ kann starten", answers: "„{{title}}“ wartet auf Antworten", answersText: "Standorte, die eingewilligt haben: {{agreed}} von {{invited}}; nötig: {{quorum}}. Antworten sind möglich bis {{until}}.", newData: "Neues ansehen",
  },
  unread: { badge_one: "{{count}} neue Zeile im Verlauf", badge_other: "{{count}} neue Zeilen im Verlauf" },
  activity: {
    enrolment: { requested: "{{name}} möchte beitreten. Vergleichen Sie den Fingerabdruck." },
    site: { approved: "{{name}} ist jetzt zugelassen.", refused: "{{name}} wurde abgelehnt.", suspended: "{{name}} ist ausgesetzt.", readmitted: "{{name}} darf wieder teilnehmen.", revoked: "{{name}} wurde das Vertrauen entzogen.", left: "{{name}} hat den Verbund verlassen.", renamed: "{{before}} heißt jetzt {{name}}." },
    certificate: { renewal_wished: "{{name}} wurde gebeten, das Zertifikat zu erneuern.", renewed: "Das Zertifikat von {{name}} wurde erneuert.", expires: "Das Zertifikat von {{name}} endet am {{day}}." },
    invitation: { created: "Eine Einladung wurde erstellt. {{name}}", withdrawn: "Eine Einladung wurde zurückgezogen. {{name}}" },
    data: { added_one: "{{name}} hat {{count}} neue nutzbare Studie.", added_other: "{{name}} hat {{count}} neue nutzbare Studien.", removed_one: "{{name}} hat {{count}} nutzbare Studie weniger.", removed_other: "{{name}} hat {{count}} nutzbare Studien weniger." },
    consent: { agree_one: "{{name}} hat eingewilligt, für „{{title}}“ mit {{count}} Studie zu trainieren.", agree_other: "{{name}} hat eingewilligt, für „{{title}}“ mit {{count}} Studien zu trainieren.", decline: "{{name}} hat „{{title}}“ abgelehnt.", further_agree: "{{name}} hat in {{rounds}} Runden von „{{title}}“ eingewilligt.", further_decline: "{{name}} hat die weiteren Runden von „{{title}}“ abgelehnt.", withdrawn: "{{name}} hat die Einwilligung zu „{{title}}“ widerrufen." },
    session: {
      offered: "„{{title}}“ wurde den Standorten angeboten.", start_requested: "„{{title}}“ startet.", run_started: "„{{title}}“ trainiert.", paused: "„{{title}}“ ist nach Runde {{round}} pausiert.", stop_requested: "„{{title}}“ wird gestoppt.", run_completed: "„{{title}}“ ist abgeschlossen.",
      run_stopped: "„{{title}}“ wurde gestoppt.", run_failed: "„{{title}}“ ist fehlgeschlagen: {{reason}}", aborted: "„{{title}}“ wurde vor dem Start aufgegeben.", extended: "„{{title}}“ ist wieder offen für weitere Runden.", extension_offered: "„{{title}}“ soll {{rounds}} Runden haben; die Standorte sind gefragt.", sites_changed: "Die Standorte von „{{title}}“ wurden geändert.", run_lost: "„{{title}}“ ging verloren und wird nach der letzten Runde fortgesetzt.", round_closed: "Runde {{round}} von „{{title}}“ zusammengeführt: {{got}} von {{asked}} Standorten haben geliefert{{missing}}.",
      not_ready: "„{{title}}“ kann nicht starten: Es haben weniger Standorte eingewilligt, als die Mindestzahl verlangt.", pause_wished: "„{{title}}“ pausiert nach dieser Runde.", pause_forgotten: "„{{title}}“ pausiert doch nicht.", combine_wished: "Runde {{round}} von „{{title}}“ wird jetzt zusammengeführt.",
      site_revoked: "{{name}} ist nicht mehr bei „{{title}}“: Das Vertrauen wurde entzogen.", site_left: "{{name}} ist nicht mehr bei „{{title}}“: Der Standort hat den Verbund verlassen.", site_suspended: "{{name}} wird bei „{{title}}“ ausgelassen: Der Standort ist ausgesetzt.", site_readmitted: "{{name}} nimmt ab der nächsten Runde wieder an „{{title}}“ teil.",
    },
    absent: { federation_late: "{{name}} war zu spät", consent_missing: "{{name}} nahm nicht teil", peer_unreachable: "{{name}} war nicht erreichbar", consent_send_refused: "{{name}} hat die Aktualisierung behalten", trust_suspended: "{{name}} ist ausgesetzt", site_paused: "{{name}} hat angehalten", site_outside_hours: "{{name}} trainiert zu anderen Stunden", site_weekly_limit: "{{name}} hat diese Woche genug trainiert", other: "{{name}} ist ausgefallen" },
    model: { renamed: "Modell „{{before}}“ heißt jetzt „{{name}}“.", deleted: "Modell „{{name}}“ wurde gelöscht.", restored: "Modell „{{name}}“ wurde wiederhergestellt.", removed: "Modell „{{name}}“ wurde endgültig entfernt.", recommended: "Die Empfehlung von Modell „{{name}}“ wurde geändert.", added: { random: "Modell „{{name}}“ wurde erstellt.", uploaded: "Modell „{{name}}“ wurde hochgeladen.", shipped: "Modell „{{name}}“ wurde hinzugefügt.", trained: "Modell „{{name}}“ wurde hier trainiert." } },
    settings: { limits: "Die Grenzen wurden geändert.", retention: "Die Aufbewahrung wurde geändert.", notices: "Die Benachrichtigungen wurden geändert.", daemon: "Die Einstellungen für den nächsten Start wurden geändert." },
    account: accountActivityDe,
    round: { started: "Runde {{round}} von {{of}} beginnt.", resent: "Runde {{round}} wurde noch einmal an {{name}} gesendet.", resent_lost: "Runde {{round}} wurde noch einmal an {{name}} gesendet (sie war verloren gegangen).", resent_restarted: "Runde {{round}} wurde noch einmal an {{name}} gesendet (der Standort hatte neu gestartet)." },
    update: { arrived: "Aktualisierung von {{name}} erhalten.", received_one: "Aktualisierung von {{name}} erhalten ({{count}} Studie, {{seconds}} s trainiert).", received_other: "Aktualisierung von {{name}} erhalten ({{count}} Studien, {{seconds}} s trainiert).", bounded_one: "Aktualisierung von {{name}} erhalten ({{seconds}} s trainiert). Gemeldet waren {{reported}} Studien, zugesagt {{count}}; sie zählt als {{count}}.", bounded_other: "Aktualisierung von {{name}} erhalten ({{seconds}} s trainiert). Gemeldet waren {{reported}} Studien, zugesagt {{count}}; sie zählt als {{count}}.", missing: "Keine Aktualisierung von {{name}} in Runde {{round}}: {{reason}}" },
    laboratory: {
      kind: { synthesis: "Das Erstellen des Datensatzes", check: "Das Prüfen des Datensatzes", training: "Das Training", comparison: "Der Vergleich", reconstruction: "Die Rekonstruktion" },
      job_finished: "$t(activity.laboratory.kind.{{kind}}) „{{title}}“ ist fertig.", job_failed: "$t(activity.laboratory.kind.{{kind}}) „{{title}}“ endete ohne Ergebnis.", job_cancelled: "$t(activity.laboratory.kind.{{kind}}) „{{title}}“ wurde abgebrochen.", job_interrupted: "$t(activity.laboratory.kind.{{kind}}) „{{title}}“ wurde unterbrochen.", set_removed: "Datensatz {{name}} wurde entfernt.",
    },
    drain: { on: "Der Wartungsbetrieb ist an: Nichts Neues startet.", off: "Der Wartungsbetrieb ist aus." },
  },
  settings: { people: "Personen", house: "Grenzen und Aufbewahrung", notices: "Benachrichtigungen", program: "Programm", save: "Speichern", saved: "Gespeichert." },
  limits: {
    title: "Grenzen", note: "Was für eine Sitzung genügt und was zu viel ist.", least_new_studies: "Neue Studien, ab denen ein Standort gefragt wird", least_new_studiesNote: "Nutzbare Studien seit dem letzten Training des Standorts.", least_sites: "Standorte, die genügen", least_sitesNote: "So viele Standorte mit genug neuen Studien.",
    most_sites: "Höchstzahl der Standorte einer Sitzung", most_sitesNote: "Mehr werden abgelehnt.", most_sessions: "Höchstzahl gleichzeitiger Sitzungen", most_sessionsNote: "Sitzungen, die nicht vorbei sind, auch wartende.",
  },
  retention: {
    title: "Wie lange etwas aufbewahrt wird", note: "Wird stündlich durchgesehen. Das Prüfprotokoll bleibt vollständig.", activity_days: "Verlauf (Tage)", activity_daysNote: "0 bewahrt ihn für immer auf.", presence_days: "Verbindungszeiten der Standorte (Tage)", presence_daysNote: "0 bewahrt sie für immer auf.",
    bin_days: "Gelöschte Modelle (Tage)", bin_daysNote: "Danach werden ihre Gewichte endgültig entfernt. 0 bewahrt sie auf.", log_mib: "Eine Protokolldatei (MiB)", log_mibNote: "Eine größere wird neu begonnen; eine frühere bleibt daneben.",
  },
  drain: {
    title: "Wartungsbetrieb", note: "Für Aktualisierungen: Nichts Neues startet, was läuft, beendet seine Runde.", on: "An", off: "Aus", switchOn: "Wartungsbetrieb einschalten", switchOff: "Wartungsbetrieb ausschalten", running_one: "{{count}} Sitzung beendet noch ihre Runde.", running_other: "{{count}} Sitzungen beenden noch ihre Runde.",
    empty: "Nichts läuft. Das Programm kann jetzt beendet und aktualisiert werden.", noSession: "Keine Sitzung läuft.", jobs_one: "{{count}} Auftrag des Labors wird noch bearbeitet; er kann dort abgebrochen und später fortgesetzt werden.", jobs_other: "{{count}} Aufträge des Labors werden noch bearbeitet; sie können dort abgebrochen und später fortgesetzt werden.", held_one: "{{count}} Sitzung geht danach von selbst weiter.", held_other: "{{count}} Sitzungen gehen danach von selbst weiter.", since: "Seit {{since}}, durch {{by}}.", ask: "Wartungsbetrieb einschalten?", lead: "Er bleibt auch über einen Neustart an, bis ihn jemand ausschaltet.",
    one: "Keine neue Sitzung und keine neue Runde startet.", two: "Laufende Runden werden beendet; nichts Trainiertes geht verloren. Das Labor beginnt keinen weiteren Auftrag.", three: "Standorte bleiben verbunden und können Anfragen beantworten.", banner: "Der Wartungsbetrieb ist an: Nichts Neues startet.", bannerText: "Sitzungen beenden ihre Runde und gehen weiter, wenn er in den Einstellungen ausgeschaltet wird.",
  },
  nextStart: {
    host: "Öffentliche Adresse (Rechnername)", hostNote: "Unter ihr erreichen die Standorte diesen Computer.", upload: "Größte hochgeladene Datei (MiB)", uploadNote: "Zum Beispiel Modelldateien.",
    hostWarn: "Standorte kennen dieses Labor als {{address}}", hostMeans_zero: "Verbundene Standorte fragen weiter unter der alten Adresse an; sie muss also weiterhin hierher führen.", hostMeans_one: "{{count}} offene Einladung enthält die jetzige Adresse: Ziehen Sie sie zurück und erstellen Sie sie nach dem Neustart neu. Verbundene Standorte fragen weiter unter der alten Adresse an; sie muss also weiterhin hierher führen.", hostMeans_other: "{{count}} offene Einladungen enthalten die jetzige Adresse: Ziehen Sie sie zurück und erstellen Sie sie nach dem Neustart neu. Verbundene Standorte fragen weiter unter der alten Adresse an; sie muss also weiterhin hierher führen.",
  },
  siteTabs: { overview: "Überblick", data: "Daten", history: "Beiträge", connection: "Verbindung" },
  siteData: {
    untold: "Dieser Standort hat noch nichts über seine Daten mitgeteilt. Er tut es, sobald er sich verbindet.", newest: "Neueste nutzbare Studie", warned: "Nutzbar, mit Hinweisen der Qualitätsprüfung", few: "weniger als 3", tasks: "Nutzbare Studien nach Aufgabe", kinds: "Nach Art", cameras: "Nach Aufnahmetechnik", counts: "Nach Impulsen im Photopeak", other: "Andere (Gruppen unter 3)", from: "ab {{counts}}",
    notPermitted: "Wie sich die Studien auf Kameras und Impulse verteilen, wird nur mitgeteilt, wenn der Standort es erlaubt (seine Seite Datenschutz).",
  },
  siteHistory: { loading: "Beiträge werden geladen", emptyTitle: "Noch zu keiner Sitzung gefragt", empty: "Hier erscheinen Sitzungen, zu denen dieser Standort gefragt wurde, und was er gesendet hat.", sessions: "Sitzungen", updates: "Empfangene Aktualisierungen", bytes: "Insgesamt empfangen", rounds_one: "{{count}} Runde", rounds_other: "{{count}} Runden", examples_one: "{{count}} Studie", examples_other: "{{count}} Studien" },
  way: {
    title: "Der Weg von diesem Standort", loading: "Verbindung wird geprüft", seen: "Zuletzt in Ordnung", level: { good: "Gut", warning: "Ansehen", bad: "Gestört" },
    step: { trust: "Vertrauen", gateway: "Verschlüsselte Leitung", peer_api: "Nachrichten", flower: "Austausch der Modelle" },
    note: { trust: "Hier zugelassen, Zertifikat gültig.", gateway: "Eine Verbindung steht an der Tür dieses Labors.", peer_api: "Der Standort fragt nach Neuigkeiten.", flower: "Die Trainingsmaschine kennt und hört den Standort." },
    remedy: {
      pending: "Vergleichen Sie die Fingerabdrücke und lassen Sie den Standort zu.", suspended: "Der Standort ist ausgesetzt. Lassen Sie ihn im Überblick wieder herein.", revoked: "Das Vertrauen wurde entzogen. Senden Sie eine neue Einladung.", left: "Der Standort ist auf eigenen Wunsch ausgetreten. Senden Sie eine neue Einladung, falls er zurückkommen möchte.", refused: "Die Anfrage wurde abgelehnt. Senden Sie eine neue Einladung.", certificate_ended: "Das Zertifikat ist abgelaufen und wird abgewiesen. Senden Sie eine neue Einladung.",
      not_connected: "Fragen Sie den Standort, ob Computer und Programm laufen und ob sein Netz die öffentliche Adresse erreicht.", never_seen: "Der Standort hat sich noch nie verbunden. Bitten Sie ihn, sein Programm zu starten; prüfen Sie, ob die öffentliche Adresse von außen hierher führt.",
      not_heard: "Die Leitung steht vielleicht, aber das Programm fragt nicht. Bitten Sie den Standort, sein Programm neu zu starten oder zu aktualisieren.", not_registered: "Die Trainingsmaschine kennt den Standort noch nicht. Er wird binnen Sekunden von selbst angemeldet; sehen Sie nach den Prozessen in den Einstellungen.", node_offline: "Der Trainingsteil des Standorts ist nicht da. Er startet mit dessen Programm; bitten Sie den Standort, nach den Prozessen in seinen Einstellungen zu sehen.", unknown: "Ein Prozess dieses Labors startet gerade neu. Sehen Sie gleich noch einmal nach.",
    },
  },
  qr: { title: "Als QR-Code", note: "Jeder QR-Leser liefert einen Text, der sich wie der untenstehende einfügen lässt.", alt: "QR-Code der Einladung", save: "QR-Code speichern" },
};
