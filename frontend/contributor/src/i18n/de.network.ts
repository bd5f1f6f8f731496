/** German text of the check of computer and way, and of the proxy. */
import type { network as english } from "@app/i18n/en.network";

export const network: typeof english = {
  preflight: {
    page: "Diesen Computer prüfen", intro: "Prüft alles, was ein Training braucht, vor dem Beitritt und jederzeit danach. Über Ihre Studien wird nichts gesendet.", title: "Computer und Weg zum Labor", note: "Dauert etwa eine halbe Minute: Ein echter Trainingsschritt an einer künstlichen Studie gehört dazu.", start: "Jetzt prüfen", again: "Erneut prüfen", loading: "Prüfung wird geladen", lines: "Was geprüft wurde", emptyTitle: "Noch nicht geprüft", empty: "Jede Zeile sagt, was gefunden wurde und, wo etwas nicht stimmt, was zu tun ist.",
    running: "Der Weg zum Labor wird geprüft", training: "Ein Schritt wird an einer künstlichen Studie trainiert", checked: "Geprüft", todo: "Was zu tun ist:", open: "Diesen Computer prüfen", goThere: "Zur Prüfung", openNote: "Zertifikat, Uhr, Netz, Platte, Arbeitsspeicher, ein Trainingsschritt und das Tempo der Leitung.",
    red_one: "{{count}} Sache steht im Weg", red_other: "{{count}} Dinge stehen im Weg", redNote: "Was zu tun ist, steht jeweils dabei.", amber_one: "Bereit, mit {{count}} Hinweis", amber_other: "Bereit, mit {{count}} Hinweisen", amberNote: "Das Training läuft; die Hinweise sagen, was besser sein könnte.", green: "Dieser Computer ist bereit", greenAlone: "Dieser Computer ist bereit; öffnen Sie eine Einladung, um auch den Weg zu prüfen",
    level: { green: "In Ordnung", amber: "Hinweis", red: "Steht im Weg", skipped: "Nicht geprüft" },
    check: { leave: "Austritt", records: "Aufzeichnungen", certificate: "Zertifikat", name: "Name des Labors", proxy: "Zwischenstelle (Proxy)", port: "Anschluss (Port)", tls: "Verschlüsselung", trust: "Zulassung", clock: "Uhr", disk: "Platte", memory: "Arbeitsspeicher", processor: "Prozessor", step: "Trainingsschritt", speed: "Tempo der Leitung", round: "Dauer einer Runde" },
  },
  proxy: {
    title: "Proxy des Krankenhauses", note: "Wenn die Computer dieses Krankenhauses das Internet über einen HTTP-Proxy erreichen, geht alles über ihn.", loading: "Proxy wird geladen", url: "Adresse des Proxys", urlNote: "http://HOST:PORT oder https://HOST:PORT. Leer: Alles geht direkt hinaus.", username: "Name beim Proxy", usernameNote: "Leer: keine Anmeldung.", password: "Passwort beim Proxy", kept: "Eines ist hinterlegt. Leer: Es bleibt.", none: "Es ist nur für dieses Programm lesbar und wird nie gezeigt.",
    ca: "Zertifikatsdatei der Stelle hinter dem Proxy", caNote: "Pfad einer PEM-Datei auf diesem Computer, für einen https://-Proxy, den das System nicht kennt.", inspection: "Wenn Ihr Netz verschlüsselte Verbindungen öffnet", inspectionNote: "Standort und Labor weisen sich gegenseitig aus (beidseitiges TLS). Das geht durch keinen prüfenden Proxy, und kein Zertifikat hier ändert das: Bitten Sie die IT, die Adresse des Labors von der Prüfung auszunehmen.",
    fixed: "Durch Umgebung oder settings.toml vorgegeben; dort zu ändern.", save: "Speichern", saved: "Gespeichert. Die Verbindung geht nun diesen Weg.", another: "Eine andere Adresse braucht ihr Passwort erneut.",
  },
};
