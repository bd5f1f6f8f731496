/** German text about the house itself. */
import type { house as houseEn } from "@app/i18n/en.house";

export const house: typeof houseEn = {
  uptime: { label: "In den letzten 24 Stunden zu {{percent}} % verbunden" },
  trust: {
    suspendHead: "Vorübergehend aussetzen", suspendNote: "Für Wartung oder im Zweifel. Es lässt sich zurücknehmen.", suspend: "{{name}} aussetzen", suspendTitle: "{{name}} aussetzen?", suspendLead: "Der Standort bleibt draußen, bis Sie ihn wieder hereinlassen.",
    suspendOne: "Offene Verbindungen enden binnen fünf Sekunden.", suspendTwo: "Das laufende Training geht ohne den Standort weiter; die Mindestzahl gilt weiterhin.", suspendThree: "Name, Zertifikat, Einwilligungen und Verlauf bleiben.", suspendConfirm: "Diesen Standort aussetzen",
    suspended: "{{name}} ist ausgesetzt", suspendedNote: "Der Standort wird abgewiesen. Lassen Sie ihn wieder herein, und er verbindet sich binnen Sekunden von selbst.", readmit: "{{name}} wieder hereinlassen",
    renewHead: "Zertifikat", renewNote: "Es erneuert sich 30 Tage vor dem Ende von selbst. Erneuern Sie es jetzt, wenn der Standort lange aus war oder der Computer in andere Hände kam.", renew: "Zertifikat jetzt erneuern", renewAsked: "{{name}} ist benachrichtigt und erneuert, sobald eine Verbindung besteht.",
    ends: "endet in {{days}} Tagen", ended: "ist abgelaufen", until: "bis {{until}}",
  },
  qr: { title: "Als QR-Code", note: "Jeder QR-Leser liefert einen Text, der sich wie der untenstehende einfügen lässt.", alt: "QR-Code der Einladung", save: "QR-Code speichern" },
};
