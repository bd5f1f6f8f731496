/** German text of what both apps share. */
import { settingsDe } from "@shared/i18n/de.settings";
import type { sharedEn } from "@shared/i18n/en";

export const sharedDe: typeof sharedEn = {
  frame: { skip: "Zum Inhalt springen", menu: "Navigation öffnen", close: "Navigation schließen", navigation: "Hauptnavigation", light: "Helle Darstellung", dark: "Dunkle Darstellung", speak: "DE: auf Deutsch anzeigen", waiting_one: "{{count}} wartet", waiting_other: "{{count}} warten" },
  live: {
    live: "Aktuell", connecting: "Verbindet", reconnecting: "Verbindet neu",
    staleTitle: "Das Programm auf diesem Computer antwortet nicht.",
    stale: "Was Sie sehen, ist {{seconds}} s alt. Diese Seite verbindet sich von selbst neu; wurde das Programm beendet, starten Sie es wieder.",
  },
  problem: { retry: "Erneut versuchen" },
  list: { more: "{{count}} von {{rest}} weiteren zeigen" },
  accounts: {
    title: "Konten", note: "Personen, die diese Seiten öffnen dürfen. Jede Handlung wird mit Namen festgehalten.", loading: "Konten werden geladen", name: "Name", nameNote: "Wie Kolleginnen und Kollegen die Person kennen; damit meldet sie sich an.",
    roleHead: "Rolle", stateHead: "Status", seen: "Zuletzt gesehen", never: "nie", actions: "Aktionen", actionsOf: "Aktionen für {{name}}", roleOf: "Rolle von {{name}}", you: "Sie",
    role: { viewer: "Lesezugriff", manager: "Trainingsleitung", professional: "Medizinische Fachkraft", administrator: "Administration" },
    roleNote: {
      viewer: "Sieht hier alles und ändert nichts.", manager: "Lädt Standorte ein, startet Trainings, pflegt Modelle, verwaltet Konten.",
      professional: "Fügt Aufnahmen hinzu, beantwortet Anfragen, verfolgt das Training, nutzt Modelle.", administrator: "Alles, auch einem Verbund beitreten oder ihn verlassen, und die Konten.",
    },
    state: { active: "Aktiv", invited: "Eingeladen", disabled: "Deaktiviert" }, ownerNote: "Meldet sich mit dem Link an, den das Programm ausgibt", withPassword: "Meldet sich mit einem Passwort an", waiting: "Ist noch nicht beigetreten",
    invite: "Person einladen", makeLink: "Einladungslink erstellen", linkTitle: "Einladung für {{name}}", linkReady: "Der Link ist bereit.", linkOnce: "Er wird nur jetzt angezeigt und gilt einmal, bis {{until}}.",
    link: "Link", linkWhere: "Er öffnet sich auf diesem Computer oder dort, wo diese Seite über einen Tunnel erreichbar ist. Dort wählt die Person ein Passwort.", done: "Fertig",
    disable: "Deaktivieren", enable: "Wieder aktivieren", newLink: "Neuer Einladungslink", remove: "Entfernen", removeTitle: "{{name}} entfernen?", removeLead: "Die Person wird sofort abgemeldet und kann sich nicht mehr anmelden.",
    removeOne: "Was die Person getan hat, bleibt im Prüfprotokoll.", removeTwo: "Für eine Rückkehr ist eine neue Einladung nötig.", againTitle: "Neuer Link für {{name}}?", againLead: "Bei verlorener Einladung oder vergessenem Passwort.",
    againOne: "Das bisherige Passwort gilt nicht mehr.", againTwo: "Die Person wird überall abgemeldet.",
    own: "Mein Konto", youAre: "Sie sind angemeldet als {{name}} ({{role}}).", menu: "{{letters}}, Konto von {{name}}", signOut: "Abmelden", notSignedOut: "Sie sind noch angemeldet", looking: "Nur Ansicht", lookOnly: "Ihre Rolle darf ansehen, aber nichts ändern.",
    noPassword: "Dieses Konto meldet sich mit dem Einmallink an, den das Programm beim Start ausgibt. Mit einem Passwort geht es auch ohne.", present: "Bisheriges Passwort", new: "Neues Passwort",
    rule: "Mindestens {{shortest}} Zeichen; ein kurzer Satz ist leicht zu merken.", again: "Noch einmal dasselbe", unequal: "Die beiden unterscheiden sich.", set: "Passwort festlegen", change: "Passwort ändern",
    saved: "Das Passwort ist gespeichert.", savedText: "Andere Browser dieses Kontos wurden abgemeldet.", browsers: "Angemeldete Browser", here: "Dieser", since: "Seit {{since}}, bis {{until}}", end: "Abmelden", endOf: "{{browser}} abmelden",
  },
  dialog: { cancel: "Abbrechen", close: "Schließen" },
  copy: { copy: "Text kopieren", done: "Kopiert" },
  phase: { done: "erledigt", current: "jetzt", coming: "folgt" },
  form: {
    range: "Erlaubt: {{range}}.", missing: "Bitte ausfüllen.", whole: "Bitte eine ganze Zahl.", outside: "Außerhalb des erlaubten Bereichs.",
    between: "{{from}} bis {{to}}", least: "mindestens {{value}}", most: "höchstens {{value}}", above: "über {{value}}", below: "unter {{value}}",
  },
  network: {
    unrolled_em: "entrolltes EM", unrolled_unet: "entrolltes EM mit U-Netzen", osem_unet: "OSEM, dann U-Netz", fbp_unet: "FBP, dann U-Netz",
    primal_dual: "gelerntes primal-duales Verfahren", encoder_decoder: "Encoder-Decoder-Netz", unet_2d: "U-Netz",
  },
  activity: { title: "Verlauf", unread: "Neu", mark: "Als gelesen markieren", more: "Frühere zeigen", loading: "Verlauf wird geladen", emptyTitle: "Noch ist nichts geschehen", empty: "Jeder Schritt beider Seiten erscheint hier in Worten." },
  auditFilter: {
    verify: "Kette prüfen", pdf: "Als PDF exportieren", loading: "Prüfprotokoll wird geladen", emptyTitle: "Noch keine Zeilen", empty: "Jede Handlung wird hier festgehalten.", more: "Mehr anzeigen",
    title: "Prüfprotokoll durchsuchen", text: "Suchtext", area: "Was", actor: "Wer", from: "Von", to: "Bis", all: "Alle", clear: "Diese Auswahl entfernen", reset: "Alles zeigen", csv: "Als CSV exportieren", json: "Als JSON exportieren", noneTitle: "Keine solche Zeile", none: "Wählen Sie einen längeren Zeitraum oder ein anderes Wort.",
    areaOf: { connection: "Verbindung", data: "Löschen der Daten", import: "Importe", patient: "Patienten", reconstruction: "Rekonstruktionen", result: "Vergleiche", storage: "Ort der Daten", request: "Anfragen", round: "Runden", rule: "Dauerregeln", resources: "Ressourcen", sharing: "Was mitgeteilt wird", study: "Studien", training: "Pausen", update: "Aktualisierungen", account: "Konten", certificate: "Zertifikate", consent: "Einwilligungen", drain: "Wartungsbetrieb", enrolment: "Beitrittsanfragen", invitation: "Einladungen", laboratory: "Labor", letter: "Nicht angenommene Antworten", model: "Modelle", session: "Sitzungen", settings: "Einstellungen", site: "Vertrauen in Standorte" },
  },
  audit: {
    title: "Prüfprotokoll", seq: "Nr.", at: "Wann", actor: "Wer", action: "Was", subject: "Woran", details: "Einzelheiten", hash: "Prüfsumme",
    ok: "Das Protokoll ist vollständig und unverändert: {{rows}} Zeilen stimmen.", head: "Ende der Kette:",
    broken: "Die Kette bricht bei Zeile {{seq}}.", brokenAdvice: "Sichern Sie eine Kopie des Datenordners und informieren Sie die Administration.",
  },
  children: {
    title: "Prozesse", none: "Noch läuft kein Prozess.", starting: "Startet", ready: "Läuft", restarting: "Startet neu", stopped: "Beendet",
    since: "gestartet", role: { gateway: "Zugang für die Standorte", superlink: "Austausch der Modelle", agent: "Training", relay: "Leitung zum Orchestrator", supernode: "Austausch der Modelle" },
    restarts_one: "{{count}} Neustart", restarts_other: "{{count}} Neustarts",
  },
  viewer: {
    axial: "Transversal", coronal: "Koronal", sagittal: "Sagittal", sliceValue: "Schicht {{slice}} von {{of}}, Wert {{value}}",
    window: "Fenster", windowLow: "Untere Grenze des Fensters", windowHigh: "Obere Grenze des Fensters", colours: "Farbskala",
    map: { grey: "Grau", inverse: "Invers", hot: "Hot", viridis: "Viridis" },
    picture: "Bild speichern (PNG)", convention: "Radiologische Ansicht: Die rechte Seite des Patienten (R) ist links. Maßstabsgetreu. Ein Klick bewegt das Fadenkreuz; die Pfeiltasten und Bild auf oder ab wechseln die Schicht der gewählten Ebene.",
    research: "Für die Forschung, nicht für die Diagnose", value: "Hier:", place: "Fadenkreuz auf Voxel {{x}}, {{y}}, {{z}} (rechts–links, vorn–hinten, Füße–Kopf): {{xmm}}, {{ymm}}, {{zmm}} mm",
    uncertainty: "Zeigen, wo das Modell unsicher ist", uncertaintyNote: "Je dichter das Hellblau, desto breiter das Intervall; voll ab ± {{full}}.",
    profile: "Profillinie", profileAlong: "Richtung der Linie", axis: { x: "Rechts–links", y: "Vorn–hinten", z: "Füße–Kopf" }, axisLabel: { x: "Voxel von rechts nach links", y: "Voxel von vorn nach hinten", z: "Voxel von den Füßen zum Kopf" },
    projection: "Projektion {{view}} von {{of}}", sinogram: "Sinogramm der Zeile {{row}} von {{of}}", view: "Projektion", row: "Axiale Zeile", play: "Projektionen abspielen", pause: "Projektionen anhalten",
  },
  polar: {
    of: "Polarkarte von {{title}}", segment: "Segment", points: "Punkte",
    name: { 1: "anterior, basal", 2: "anteroseptal, basal", 3: "inferoseptal, basal", 4: "inferior, basal", 5: "inferolateral, basal", 6: "anterolateral, basal", 7: "anterior, mittig", 8: "anteroseptal, mittig", 9: "inferoseptal, mittig", 10: "inferior, mittig", 11: "inferolateral, mittig", 12: "anterolateral, mittig", 13: "anterior, apikal", 14: "septal, apikal", 15: "inferior, apikal", 16: "lateral, apikal", 17: "Herzspitze" },
  },
  ...settingsDe,
};
