/** English text about the house itself: sites over time, new data, notices, settings. */
import { accountActivityEn } from "@shared/i18n/en.settings";

export const house = {
  uptime: { label: "Uptime: {{percent}} % of the last 24 hours" },
  trust: {
    suspendHead: "Shut out for a while", suspendNote: "For maintenance or a doubt. It can be taken back.", suspend: "Suspend {{name}}", suspendShort: "Suspend", suspendTitle: "Suspend {{name}}?", suspendLead: "The site is shut out until you let it in again.",
    suspendOne: "Open connections close within five seconds.", suspendTwo: "Its running training goes on without it; the quorum still counts.", suspendThree: "Name, certificate, consents and history stay.", suspendConfirm: "Suspend this site",
    suspended: "{{name}} is suspended", suspendedNote: "It is refused at the door. Let it in again and it comes back by itself within seconds.", readmit: "Let {{name}} in again",
    renewHead: "Certificate", renewNote: "It renews by itself 30 days before its end. Renew now if the site was off for long or its computer changed hands.", renew: "Renew certificate now", renewAsked: "{{name}} was asked; it renews as soon as it is online.",
    ends_zero: "ends within a day", ends_one: "ends in {{count}} day", ends_other: "ends in {{count}} days", ended: "has ended", until: "until {{until}}",
  },
  newData: {
    nav: "New data", title: "New data", intro: "Usable studies that were added since the site's last round, of all tasks together. Only counts and days are known here.", loading: "Loading what is new", site: "Site", new: "New studies", since: "Since", verdict: "For a session", newest: "Newest",
    choose: "Choose {{name}}", fromStart: "never trained yet", enough: "Enough", tooFew: "{{missing}} more needed", none: "Nothing new", usable: "{{usable}} usable in all", ready: "Enough for a session", readyText_one: "{{count}} site has at least {{least}}.", readyText_other: "{{count}} sites have at least {{least}} each.", studies_one: "{{count}} new study", studies_other: "{{count}} new studies",
    notYet: "Not enough for a session yet", notYetText_one: "It is enough when {{count}} site has at least {{least}}. Now: {{have}}. You can start one all the same. The numbers are set in Settings.", notYetText_other: "It is enough when {{count}} sites have at least {{least}} each. Now: {{have}}. You can start one all the same. The numbers are set in Settings.",
    start_one: "Start a session with this site", start_other: "Start a session with these {{count}} sites", startNone: "Choose at least one site", emptyTitle: "No trusted site yet", empty: "When a site is connected and has studies, this page says who has what new.", toSites: "Go to Sites", offline: "Offline sites get the request when they are back.",
  },
  todo: {
    certificate: "The certificate of {{name}} ends soon", certificateEnded: "The certificate of {{name}} has ended", certificateText: "It should have renewed by itself. Ask the site to start its program, then renew.", lookSite: "Look at the site",
    ready: "“{{title}}” can start", answers: "“{{title}}” waits for answers", answersText: "Sites that have agreed: {{agreed}} of {{invited}}; needed: {{quorum}}. Answers are possible until {{until}}.", newData: "See what is new",
  },
  unread: { badge_one: "{{count}} new line in the activity", badge_other: "{{count}} new lines in the activity" },
  activity: {
    enrolment: { requested: "{{name}} asks to join. Compare the fingerprint." },
    site: { approved: "{{name}} is trusted now.", refused: "{{name}} was refused.", suspended: "{{name}} is suspended.", readmitted: "{{name}} may take part again.", revoked: "The trust in {{name}} was taken back.", left: "{{name}} has left the federation.", renamed: "{{before}} is now called {{name}}." },
    certificate: { renewal_wished: "{{name}} was asked to renew its certificate.", renewed: "The certificate of {{name}} was renewed.", expires: "The certificate of {{name}} ends on {{day}}." },
    invitation: { created: "An invitation was made. {{name}}", withdrawn: "An invitation was withdrawn. {{name}}" },
    data: { added_one: "{{name}} has {{count}} new usable study.", added_other: "{{name}} has {{count}} new usable studies.", removed_one: "{{name}} has {{count}} usable study fewer.", removed_other: "{{name}} has {{count}} usable studies fewer." },
    consent: { agree_one: "{{name}} agreed to train on {{count}} study for “{{title}}”.", agree_other: "{{name}} agreed to train on {{count}} studies for “{{title}}”.", decline: "{{name}} declined “{{title}}”.", further_agree: "{{name}} agreed to {{rounds}} rounds of “{{title}}”.", further_decline: "{{name}} declined the further rounds of “{{title}}”.", withdrawn: "{{name}} withdrew its consent to “{{title}}”." },
    session: {
      offered: "“{{title}}” was offered to its sites.", start_requested: "“{{title}}” is starting.", run_started: "“{{title}}” is training.", paused: "“{{title}}” is paused after round {{round}}.", stop_requested: "“{{title}}” is being stopped.", run_completed: "“{{title}}” is complete.",
      run_stopped: "“{{title}}” was stopped.", run_failed: "“{{title}}” failed: {{reason}}", aborted: "“{{title}}” was given up before its start.", extended: "“{{title}}” is open again for further rounds.", extension_offered: "“{{title}}” shall have {{rounds}} rounds; its sites are asked.", sites_changed: "The sites of “{{title}}” were changed.", run_lost: "The engine lost “{{title}}”; it goes on after its last round.", round_closed: "Round {{round}} of “{{title}}” combined: {{got}} of {{asked}} sites returned{{missing}}.",
      not_ready: "“{{title}}” cannot start: fewer sites agreed than the quorum asks for.", pause_wished: "“{{title}}” will pause after this round.", pause_forgotten: "“{{title}}” will not pause after all.", combine_wished: "Round {{round}} of “{{title}}” is combined now.",
      site_revoked: "{{name}} is out of “{{title}}”: its trust was taken back.", site_left: "{{name}} is out of “{{title}}”: it has left the federation.", site_suspended: "{{name}} is left out of “{{title}}”: it is suspended.", site_readmitted: "{{name}} takes part in “{{title}}” again from the next round on.",
    },
    absent: { federation_late: "{{name}} was late", consent_missing: "{{name}} did not take part", peer_unreachable: "{{name}} was not reached", consent_send_refused: "{{name}} kept its update", trust_suspended: "{{name}} is suspended", site_paused: "{{name}} has paused", site_outside_hours: "{{name}} trains at other hours", site_weekly_limit: "{{name}} has trained enough this week", other: "{{name}} failed" },
    model: { renamed: "Model “{{before}}” is now called “{{name}}”.", deleted: "Model “{{name}}” was deleted.", restored: "Model “{{name}}” was restored.", removed: "Model “{{name}}” was removed for good.", recommended: "The recommendation of model “{{name}}” changed.", added: { random: "Model “{{name}}” was created.", uploaded: "Model “{{name}}” was uploaded.", shipped: "Model “{{name}}” was added.", trained: "Model “{{name}}” was trained here." } },
    settings: { limits: "The limits were changed.", retention: "The times of keeping were changed.", notices: "The notices were changed.", daemon: "The settings of the next start were changed." },
    account: accountActivityEn,
    round: { started: "Round {{round}} of {{of}} started.", resent: "Round {{round}} was sent to {{name}} again.", resent_lost: "Round {{round}} was sent to {{name}} again (it was lost).", resent_restarted: "Round {{round}} was sent to {{name}} again (the site had restarted)." },
    update: { arrived: "Update of {{name}} received.", received_one: "Update of {{name}} received ({{count}} study, trained {{seconds}} s).", received_other: "Update of {{name}} received ({{count}} studies, trained {{seconds}} s).", bounded_one: "Update of {{name}} received (trained {{seconds}} s). It reported {{reported}} studies but agreed to train on {{count}}; it counts as {{count}}.", bounded_other: "Update of {{name}} received (trained {{seconds}} s). It reported {{reported}} studies but agreed to train on {{count}}; it counts as {{count}}.", missing: "No update of {{name}} in round {{round}}: {{reason}}" },
    laboratory: {
      kind: { synthesis: "Making the data set", check: "Checking the data set", training: "The training", comparison: "The comparison", reconstruction: "The reconstruction" },
      job_finished: "$t(activity.laboratory.kind.{{kind}}) “{{title}}” is done.", job_failed: "$t(activity.laboratory.kind.{{kind}}) “{{title}}” failed.", job_cancelled: "$t(activity.laboratory.kind.{{kind}}) “{{title}}” was cancelled.", job_interrupted: "$t(activity.laboratory.kind.{{kind}}) “{{title}}” was interrupted.", set_removed: "Data set {{name}} was removed.",
    },
    drain: { on: "Drain mode is on: nothing new starts.", off: "Drain mode is off." },
  },
  settings: { people: "People", house: "Limits and keeping", notices: "Notices", program: "Program", save: "Save", saved: "Saved." },
  limits: {
    title: "Limits", note: "What is enough for a session, and what is too much.", least_new_studies: "New studies that make a site worth asking", least_new_studiesNote: "Usable studies since the site's last training.", least_sites: "Sites that are enough", least_sitesNote: "So many sites with enough new studies.",
    most_sites: "Most sites in one session", most_sitesNote: "More are refused.", most_sessions: "Most sessions at the same time", most_sessionsNote: "Sessions that are not over, waiting ones among them.",
  },
  retention: {
    title: "How long things are kept", note: "Looked through once an hour. The audit log stays whole.", activity_days: "Activity (days)", activity_daysNote: "0 keeps it for good.", presence_days: "When sites were online (days)", presence_daysNote: "0 keeps it for good.",
    bin_days: "Deleted models (days)", bin_daysNote: "Then their weights are removed for good. 0 keeps them.", log_mib: "One log file (MiB)", log_mibNote: "A larger one is begun anew; one former file stays beside it.",
  },
  drain: {
    title: "Drain mode", note: "For upgrades: nothing new starts, what runs finishes its round.", on: "On", off: "Off", switchOn: "Switch drain mode on", switchOff: "Switch drain mode off", running_one: "{{count}} session still finishes its round.", running_other: "{{count}} sessions still finish their round.",
    empty: "Nothing runs. The program can be stopped and upgraded now.", noSession: "No session runs.", jobs_one: "{{count}} job of the laboratory is still worked on; it can be cancelled there and gone on with later.", jobs_other: "{{count}} jobs of the laboratory are still worked on; they can be cancelled there and gone on with later.", held_one: "{{count}} session goes on by itself afterwards.", held_other: "{{count}} sessions go on by themselves afterwards.", since: "Since {{since}}, by {{by}}.", ask: "Switch drain mode on?", lead: "It stays on over a restart, until somebody switches it off.",
    one: "No new session and no new round starts.", two: "Rounds that run are finished; nothing trained is lost. The laboratory begins no further job.", three: "Sites stay connected and may answer requests.", banner: "Drain mode is on: nothing new starts.", bannerText: "Sessions finish their round and go on when it is switched off in Settings.",
  },
  nextStart: {
    host: "Public address (host name)", hostNote: "Under which sites reach this computer.", upload: "Largest upload (MiB)", uploadNote: "Model files, for example.",
    hostWarn: "Sites know this laboratory as {{address}}", hostMeans_zero: "Connected sites keep asking at the old address, so it must still lead here.", hostMeans_one: "{{count}} open invitation carries the present address: withdraw it and make it anew after the restart. Connected sites keep asking at the old address, so it must still lead here.", hostMeans_other: "{{count}} open invitations carry the present address: withdraw them and make them anew after the restart. Connected sites keep asking at the old address, so it must still lead here.",
  },
  siteTabs: { overview: "Overview", data: "Data", history: "Contributions", connection: "Connection" },
  siteData: {
    untold: "This site has not told anything about its data yet. It does so when it connects.", newest: "Newest usable study", warned: "Usable, with remarks of quality control", few: "fewer than 3", tasks: "Usable studies by task", kinds: "By kind", cameras: "By acquisition set-up", counts: "By photopeak counts", other: "Other (groups of fewer than 3)", from: "from {{counts}}",
    notPermitted: "How the studies are spread over cameras and counts is told only where the site permits it (its page Privacy).",
  },
  siteHistory: { loading: "Loading contributions", emptyTitle: "Not asked to a session yet", empty: "Sessions that this site was asked to appear here, with what it sent.", sessions: "Sessions", updates: "Updates received", bytes: "Received in all", rounds_one: "{{count}} round", rounds_other: "{{count}} rounds", examples_one: "{{count}} study", examples_other: "{{count}} studies" },
  way: {
    title: "The way from this site", loading: "Looking at the connection", seen: "Last worked", level: { good: "Good", warning: "Look", bad: "Broken" },
    step: { trust: "Trust", gateway: "Encrypted line", peer_api: "Messages", flower: "Exchange of models" },
    note: { trust: "Approved here, certificate in force.", gateway: "A connection stands at the door of this laboratory.", peer_api: "The site asks for news.", flower: "The training engine knows the site and hears it." },
    remedy: {
      pending: "Compare the fingerprints and approve the site.", suspended: "The site is shut out. Let it in again in the overview.", revoked: "The trust was taken back. Send a new invitation.", left: "The site has left by its own wish. Send a new invitation if it wants to come back.", refused: "The request was refused. Send a new invitation.", certificate_ended: "The certificate has ended, so the door refuses it. Send a new invitation.",
      not_connected: "Ask the site whether its computer and program are on, and whether its network lets it reach the public address.", never_seen: "The site has never connected. Ask it to start its program; check that the public address leads here from outside.",
      not_heard: "The line may stand, but the program does not ask. Ask the site to restart its program, or to update it.", not_registered: "The training engine does not know the site yet. It is registered by itself within seconds; see the processes in Settings.", node_offline: "The site's training part is not there. It starts with the site's program; ask the site to look at its processes in Settings.", unknown: "A process of this laboratory is being restarted. Look again in a moment.",
    },
  },
  qr: { title: "As a QR code", note: "Any QR reader gives a text that can be pasted like the one below.", alt: "QR code of the invitation", save: "Save QR code" },
};
