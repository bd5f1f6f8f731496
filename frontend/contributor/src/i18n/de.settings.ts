/** German text of the page Settings beside people and connection, and of the lines of the activity that nobody's act made. */
import type { programTexts as en, quietActivity as enActivity } from "@app/i18n/en.settings";

export const programTexts: typeof en = {
  program: {
    window: "Beim Start das Fenster öffnen", windowNote: "Sonst gibt das Programm den Link aus, der die Seite öffnet.", port: "Anschluss (Port) dieser Seite", portNote: "0 nimmt bei jedem Start einen freien; ein fester lässt sich als Lesezeichen merken. Nur dieser Computer erreicht ihn.",
    signedIn: "Tage, die ein Browser angemeldet bleibt", signedInNote: "Für neue Anmeldungen.", upload: "Größte hochgeladene Datei (MiB)", uploadNote: "Für eine Datei, die auf eine Seite gezogen wird; ein Ordner auf diesem Computer wird ohne diese Grenze gelesen.", reserve: "Freizuhaltender Speicherplatz (MiB)", reserveNote: "Importe hören vorher auf.",
    protocol: "Protokoll", data: "Daten der Patienten", docs: "Dokumentation", docsNote: "README.md und der Ordner docs des Programms; flomir contributor --help", backup: "Sicherung", backupNote: "flomir contributor backup --out DATEI",
    locked: "Nur die Administration ändert dies.", loading: "Programm wird geladen",
  },
};
export const quietActivity: typeof enActivity = {
  session: { starting: "Sitzung „{{title}}“ beginnt.", running: "Sitzung „{{title}}“ läuft.", paused: "Sitzung „{{title}}“ ist angehalten.", stopping: "Sitzung „{{title}}“ wird beendet.", completed: "Sitzung „{{title}}“ ist abgeschlossen.", stopped: "Sitzung „{{title}}“ wurde beendet.", failed: "Sitzung „{{title}}“ ist fehlgeschlagen.", aborted: "Sitzung „{{title}}“ wurde vor dem Start aufgegeben.", offered: "Sitzung „{{title}}“ wird angeboten." },
  model: { fetched: "Das Modell „{{name}}“ wurde geholt und geprüft.", weights_removed: "Die Datei des Modells „{{name}}“ wurde entfernt.", final: "Das endgültige Modell „{{name}}“ ist bereit.", round: "Das Modell der Runde {{round}} „{{name}}“ ist bereit." },
  import: { done: "Ein Import ist fertig: $t(activity.import.added, {'count': {{added}} }), $t(activity.import.refused, {'count': {{refused}} }).", failed: "Ein Import ist fehlgeschlagen: $t(activity.import.added, {'count': {{added}} }), $t(activity.import.refused, {'count': {{refused}} }).", cancelled: "Ein Import wurde abgebrochen: $t(activity.import.added, {'count': {{added}} }), $t(activity.import.refused, {'count': {{refused}} }).", added_one: "{{count}} Studie hinzugefügt", added_other: "{{count}} Studien hinzugefügt", refused_one: "{{count}} Datei nicht übernommen", refused_other: "{{count}} Dateien nicht übernommen" },
  connection: {
    not_enrolled: "Dieser Computer hat den Verbund verlassen. {{detail}}", pending: "Wartet auf die Zustimmung der Trainingsleitung. {{detail}}", connected: "Mit dem Orchestrator verbunden. {{detail}}", reconnecting_again: "Wieder gestartet; die Verbindung wird aufgebaut.", reconnecting_approved: "{{orchestrator}} hat diesen Standort zugelassen; die Verbindung wird aufgebaut.", reconnecting: "Die Verbindung ging verloren; sie wird von selbst neu versucht. {{detail}}", refused: "Die Trainingsleitung hat diesen Beitritt abgelehnt. {{detail}}",
    suspended: "Die Trainingsleitung hat diesen Standort vorübergehend ausgesetzt; bis dahin läuft nichts. {{detail}}", revoked: "Das Zertifikat dieses Standorts wurde widerrufen; es läuft nichts mehr. {{detail}}", protocol_mismatch: "Die beiden Seiten sprechen verschiedene Versionen. {{detail}}", unreachable: "Das Labor antwortet seit {{at}} nicht; es wird von selbst weiter versucht.", back: "Das Labor antwortet wieder.",
  },
  certificate: { renewed: "Das Zertifikat dieses Standorts wurde erneuert; es gilt bis {{day}}.", expires: "Das Zertifikat dieses Standorts endet am {{day}}. Es hätte sich von selbst erneuern sollen: Lassen Sie das Programm laufen und verbunden." },
  storage: { low: "Der Platz für Daten an diesem Standort wird knapp.", full: "An diesem Standort ist kein Platz für weitere Daten; Importe hören auf.", changed: "Der Ort der Daten oder ihre Grenze wurde geändert." },
  settings: { proxy: "Alles geht jetzt über {{proxy}} hinaus.", proxy_direct: "Alles geht jetzt direkt hinaus.", notices: "Die Benachrichtigungen wurden geändert.", daemon: "Die Einstellungen für den nächsten Start wurden geändert." },
};
