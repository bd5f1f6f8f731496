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
  newData: {
    nav: "New data", title: "New data", intro: "Studies that no shared model has learned from yet. Only counts are known here.", loading: "Loading what is new", site: "Site", new: "New studies", since: "Since", verdict: "For a session", newest: "Newest",
    choose: "Choose {{name}}", fromStart: "never trained yet", enough: "Enough", tooFew: "{{missing}} more needed", none: "Nothing new", usable: "{{usable}} usable in all", ready: "Enough for a session", readyText: "{{count}} sites have at least {{least}} new studies each.",
    notYet: "Not enough for a session yet", notYetText: "{{have}} of {{need}} sites have at least {{least}} new studies each. You can start one all the same. The numbers are set in Settings.",
    start_one: "Start a session with this site", start_other: "Start a session with these {{count}} sites", startNone: "Choose at least one site", emptyTitle: "No trusted site yet", empty: "When a site is connected and has studies, this page says who has what new.", toSites: "Go to Sites", offline: "Offline sites get the request when they are back.",
  },
  todo: {
    certificate: "The certificate of {{name}} ends soon", certificateEnded: "The certificate of {{name}} has ended", certificateText: "It should have renewed by itself. Ask the site to start its program, then renew.", lookSite: "Look at the site",
    ready: "“{{title}}” can start", answers: "“{{title}}” waits for answers", answersText: "{{agreed}} of {{invited}} sites have agreed, {{quorum}} are needed. Answers are possible until {{until}}.", newData: "See what is new",
  },
  unread: { badge_one: "{{count}} new line in the activity", badge_other: "{{count}} new lines in the activity", mark: "Mark as read", line: "New" },
  activity: {
    enrolment: { requested: "{{name}} asks to join. Compare the fingerprint." },
    site: { approved: "{{name}} is trusted now.", refused: "{{name}} was refused.", suspended: "{{name}} is suspended.", readmitted: "{{name}} may take part again.", revoked: "The trust in {{name}} was taken back.", renamed: "{{before}} is now called {{name}}." },
    certificate: { renewal_wished: "{{name}} was asked to renew its certificate.", renewed: "The certificate of {{name}} was renewed.", expires: "The certificate of {{name}} ends on {{day}}." },
    invitation: { created: "An invitation was made. {{name}}", withdrawn: "An invitation was withdrawn. {{name}}" },
    data: { added_one: "{{name}} has {{count}} new usable study.", added_other: "{{name}} has {{count}} new usable studies.", removed_one: "{{name}} has {{count}} usable study fewer.", removed_other: "{{name}} has {{count}} usable studies fewer." },
    consent: { agree_one: "{{name}} agreed to train on {{count}} study for “{{title}}”.", agree_other: "{{name}} agreed to train on {{count}} studies for “{{title}}”.", decline: "{{name}} declined “{{title}}”.", withdrawn: "{{name}} withdrew its consent to “{{title}}”." },
    session: {
      offered: "“{{title}}” was offered to its sites.", start_requested: "“{{title}}” is starting.", run_started: "“{{title}}” is training.", paused: "“{{title}}” is paused after round {{round}}.", stop_requested: "“{{title}}” is being stopped.", run_completed: "“{{title}}” is complete.",
      run_stopped: "“{{title}}” was stopped.", run_failed: "“{{title}}” failed: {{reason}}", run_lost: "The engine lost “{{title}}”; it goes on after its last round.", round_closed: "Round {{round}} of “{{title}}” aggregated: {{got}} of {{asked}} sites returned{{missing}}.",
    },
    absent: { federation_late: "{{name}} was late", consent_missing: "{{name}} did not take part", peer_unreachable: "{{name}} was not reached", consent_send_refused: "{{name}} kept its update", other: "{{name}} failed" },
    model: { renamed: "Model {{before}} is now called {{name}}.", deleted: "Model {{name}} was deleted.", restored: "Model {{name}} was restored.", removed: "Model {{name}} was removed for good.", recommended: "The recommendation of model {{name}} changed.", added: { random: "Model {{name}} was created.", uploaded: "Model {{name}} was uploaded.", shipped: "Model {{name}} was added." } },
    settings: { limits: "The limits were changed.", retention: "The times of keeping were changed.", notices: "The notices were changed.", daemon: "The settings of the next start were changed." },
    drain: { on: "Drain mode is on: nothing new starts.", off: "Drain mode is off." },
  },
  qr: { title: "As a QR code", note: "Any QR reader gives a text that can be pasted like the one below.", alt: "QR code of the invitation", save: "Save QR code" },
};
