/** German text of the settings that both apps have. */
import type { accountActivityEn, settingsEn } from "@shared/i18n/en.settings";

/** Lines of the activity about accounts. */
export const accountActivityDe: typeof accountActivityEn = {
  invited: "{{name}} wurde eingeladen ($t(shared:accounts.role.{{role}})).", invited_again: "{{name}} hat einen neuen Einladungslink.", joined: "{{name}} ist beigetreten ($t(shared:accounts.role.{{role}})).", removed: "Das Konto von {{name}} wurde entfernt.",
  changed: "Das Konto von {{name}} wurde geändert.", changed_name: "{{name}} heißt jetzt {{to}}.", changed_role: "{{name}} hat jetzt die Rolle $t(shared:accounts.role.{{to}}).", changed_state: "Das Konto von {{name}} ist jetzt: $t(shared:accounts.state.{{to}}).",
};

export const settingsDe: typeof settingsEn = {
  saving: { save: "Speichern", saved: "Gespeichert.", loading: "Einstellungen werden geladen" },
  notices: {
    mail: "E-Mail", mailNote: "Für Personen, die nicht auf dieser Seite sind. Nur was im Verlauf steht; nichts von Patienten.", webhook: "Web-Hook", webhookNote: "Ein HTTP-POST mit JSON für ein anderes Programm.", enabled: "Senden", mailOn: "E-Mails senden", webhookOn: "An den Web-Hook senden",
    host: "Mailserver", port: "Anschluss (Port)", security: "Verschlüsselung", securityOf: { starttls: "Mit STARTTLS", tls: "TLS vom ersten Byte an", none: "Keine (nur innerhalb dieses Computers)" }, username: "Benutzername", usernameNote: "Leer: ohne Anmeldung.", password: "Passwort", secretKept: "Eines ist hinterlegt; Tippen ersetzt es.", secretNone: "Keines ist hinterlegt.",
    sender: "Absenderadresse", recipients: "Empfänger", recipientsNote: "Bis zu 20 Adressen, Eingabetaste nach jeder.", clear: "Alle entfernen", url: "Adresse", urlNote: "Beginnt mit https:// oder http://", secret: "Geheimnis", signNote: "Signiert jede Nachricht mit HMAC-SHA256 (X-Flomir-Signature).",
    settings: "Einstellungen der Benachrichtigungen", language: "Sprache der E-Mails", direct: "Ohne den Proxy dieses Standorts", directNote: "Für einen Server im eigenen Haus. Wo kein Proxy eingerichtet ist, ändert es nichts.", kinds: "Worüber", kindOf: { approval: "Beitrittsanfragen", answer: "Antworten der Standorte", session: "Sitzungen", failure: "Fehlschläge", data: "Neue Daten", certificate: "Zertifikate", request: "Neue Anfragen", reminder: "Erinnerungen", training: "Beginn und Ende von Trainings", model: "Eintreffende Modelle", connection: "Verbindung", import: "Importe", storage: "Speicherplatz", test: "Probe" }, test: "Probe senden", tested: "Gesendet: {{answer}}.",
    latest: "Letzte Benachrichtigungen", latestNote: "Was fehlschlägt, wird etwa einen Tag lang immer seltener erneut versucht.", noneYet: "Noch keine.", again: "nächster Versuch", state: { waiting: "Wartet", sent: "Gesendet", failed: "Aufgegeben" },
  },
  nextStart: { title: "Ab dem nächsten Start", note: "Steht in settings.toml im Datenordner.", fixed: "Über Befehlszeile oder Umgebung vorgegeben: Ändern Sie es dort.", waits: "Gespeichert; es gilt ab dem nächsten Start.", restart: "Starten Sie das Programm neu, wenn keine Runde läuft." },
  about: { title: "Über dieses Programm", version: "Version", licence: "Lizenz", home: "Datenordner", components: "Verwendete Bibliotheken", name: "Bibliothek" },
};
