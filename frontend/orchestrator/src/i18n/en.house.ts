/** English text about the house itself: sites over time, new data, notices, settings. */
export const house = {
  uptime: { label: "Uptime: {{percent}} % of the last 24 hours" },
  trust: {
    suspendHead: "Shut out for a while", suspendNote: "For maintenance or a doubt. It can be taken back.", suspend: "Suspend {{name}}", suspendTitle: "Suspend {{name}}?", suspendLead: "The site is shut out until you let it in again.",
    suspendOne: "Open connections close within five seconds.", suspendTwo: "Its running training goes on without it; the quorum still counts.", suspendThree: "Name, certificate, consents and history stay.", suspendConfirm: "Suspend this site",
    suspended: "{{name}} is suspended", suspendedNote: "It is refused at the door. Let it in again and it comes back by itself within seconds.", readmit: "Let {{name}} in again",
    renewHead: "Certificate", renewNote: "It renews by itself 30 days before its end. Renew now if the site was off for long or its computer changed hands.", renew: "Renew certificate now", renewAsked: "{{name}} was asked; it renews as soon as it is online.",
    ends: "ends in {{days}} days", ended: "has ended", until: "until {{until}}",
  },
  qr: { title: "As a QR code", note: "Any QR reader gives a text that can be pasted like the one below.", alt: "QR code of the invitation", save: "Save QR code" },
};
