/** English text of the orchestrator's pages. */
import { house } from "@app/i18n/en.house";
import { laboratory } from "@app/i18n/en.laboratory";
import { plan } from "@app/i18n/en.plan";
import { words } from "@app/i18n/en.session";

export const en = {
  ...words,
  lab: laboratory,
  ...house,
  ...plan,
  nav: { subtitle: "Orchestrator", home: "Home", sites: "Sites", training: "Training", models: "Models", laboratory: "Laboratory", audit: "Audit", settings: "Settings" },
  notFound: { title: "Page not found", session: "Session not found", what: "There is nothing at this address", advice: "It may have been removed. Use the navigation to go on.", home: "Go to Home" },
  home: {
    title: "Home", intro: "What needs you now, what is running, what happened.", loading: "Loading the overview", needs: "Needs you now",
    nothingTitle: "Nothing needs you now", nothing: "Requests for trust, failed sessions and new data appear here at once.",
    running: "Running session", idleTitle: "No session is active", idle: "Start one when sites have data. Each site is asked first.", watch: "Watch this session",
    totals: "At a glance", studies: "Usable studies", sessions: "Sessions", online: "{{online}} of {{of}} online",
    pending: "{{name}} asks to join", pendingText: "Compare the fingerprints on both screens, then approve or refuse.", compare: "Compare",
    failed: "“{{title}}” failed", paused: "“{{title}}” is paused", look: "Look at it",
    invite: "Invite the first site", inviteText: "A site joins with an invitation file or a text block; its key never leaves it.", toSites: "Go to Sites",
    fresh_one: "{{count}} new study since the last training", fresh_other: "{{count}} new studies since the last training", freshText: "At {{names}}.",
  },
  sites: {
    intro: "Hospitals that train together. Only counts about their data are known here.", loading: "Loading sites", name: "Site", state: "State", studies: "Studies", new: "New", certificate: "Certificate", seen: "Last seen",
    details: "Details", open: "Details of {{name}}", never: "never", now: "now", usable: "{{usable}} of {{total}} usable",
    emptyTitle: "No site yet", empty: "Invite a hospital: it opens the invitation in its own program, you compare a fingerprint, and it is connected.",
  },
  site: {
    state: { pending: "Asks to join", suspended: "Suspended", revoked: "Revoked", refused: "Refused", left: "Left" }, online: "Online", offline: "Offline", close: "Close details",
    fingerprint: "Fingerprint", lastSeen: "Last seen", software: "Software", certificate: "Certificate", renews: "until {{until}}, renewed by itself", studies: "Studies", untold: "not told yet",
    patients: "Patients", reference: "With a reference image", newStudies: "New since its last training", sessions: "Sessions taken part in", name: "Name of this site", rename: "Rename",
    revokeHead: "Take trust back", revokeNote: "For a lost computer or a site that leaves.", revoke: "Revoke {{name}}", revokeShort: "Revoke", revokeTitle: "Revoke {{name}}?", revokeLead: "Its certificate is refused from now on. This cannot be undone.",
    revokeOne: "Open connections close within five seconds.", revokeTwo: "Its running training goes on without it; the quorum still counts.", revokeThree: "To come back it needs a new invitation and a new comparison.", revokeConfirm: "Revoke this site",
  },
  pending: {
    title: "{{name}} asks to join", asked: "Asked", fingerprint: "Fingerprint of {{name}}", how: "Call {{name}} and read the fingerprint to each other. Their screen shows the same one. If it differs, refuse.",
    compared: "Both fingerprints are the same", approve: "Approve {{name}}", approveShort: "Approve", refuse: "Refuse", refuseTitle: "Refuse {{name}}?", refuseLead: "The site gets no certificate and is told so.",
    refuseOne: "The invitation is used up.", refuseTwo: "To try again, the site needs a new invitation.", refuseConfirm: "Refuse this site",
  },
  invite: {
    title: "Invite a site", close: "Close invitation", lead: "An invitation works once. It holds the address and identity of this orchestrator, and a secret that lets one site ask for trust.",
    name: "Name of the site", nameNote: "Optional. The site can change it.", namePlaceholder: "for example Site North", valid: "Valid for",
    hours: { 24: "1 day", 72: "3 days", 168: "1 week", 720: "30 days" }, create: "Create invitation",
    ready: "The invitation is ready.", once: "It is shown only now, works once and until {{until}}. Send it by a way you trust.", asFile: "As a file", download: "Download {{name}}", asText: "As text",
    next: "When the site has opened it, a request appears on this page. You compare fingerprints before it is trusted.", done: "Done",
  },
  invitations: { title: "Open invitations", note: "Not used yet.", unnamed: "Any site", until: "valid until {{until}}", open: "Open", withdraw: "Withdraw", withdrawOf: "Withdraw the invitation of {{name}}, valid until {{until}}", withdrawTitle: "Withdraw this invitation?",
    withdrawLead: "{{name}}: its file and its text will be refused.", withdrawOne: "To let the site join later, make a new invitation.", withdrawConfirm: "Withdraw this invitation",
  },
  models: {
    intro: "Every version ever made here, unchangeable and named by its content.", loading: "Loading models", name: "Model", origin: "Origin", parent: "Made from", metric: "Main score", size: "Size", created: "Made",
    details: "Details", open: "Details of {{name}}", close: "Close", goneTitle: "This model is not here any more", gone: "It was deleted. If it is among the deleted models below, it can be restored.", fromRound: "Round {{round}}", inUse: "In use", inUseNote: "A session uses this model. It can be deleted when the session has ended.",
    emptyTitle: "No model yet", empty: "Begin with the trained network or with random weights, bring a file, or start a session: it makes its first model by itself.",
    recommended: "Recommended", recommend: "Recommend for its task", recommendNot: "Recommend no more", tryIt: "Try it", downloadCard: "Download card", 
    task: "Task", network: "Network", parameters: "Parameters", hash: "SHA-256", lineage: "Lineage", card: "Model card", newName: "Name", renameNote: "Renaming keeps identity and lineage.", rename: "Rename",
    download: "Download weights", delete: "Delete model", deleteTitle: "Delete {{name}}?", deleteLead: "It goes to the bin, where it can be restored.", deleteOne: "Copies that sites fetched stay with them.",
    deleteNoChild: "No other version was made from it.", deleteChildren_one: "{{count}} version was made from it and keeps its record.", deleteChildren_other: "{{count}} versions were made from it and keep their record.", deleteThree: "The audit log keeps who deleted what.", deleteConfirm: "Delete this model",
    upload: "Upload a model", uploadNote: "A safetensors file for one of the tasks. It is checked before it is kept.", shipped: "Use the trained network", shippedNote: "The SPECT reconstruction network that comes with FLoMIR, trained on simulated scans. A session goes on from what it has learned.", random: "Create random model", randomNote: "The task's default network with random weights. The same seed gives the same weights.",
    seed: "Seed", seedNote: "Any whole number.", file: "File", filePlaceholder: "Choose a .safetensors file", create: "Create model", add: "Add model",
  },
  bin: {
    title: "Deleted models", note: "Kept until they are removed for good.", deleted: "deleted", restore: "Restore", restoreOf: "Restore {{name}}", remove: "Remove for good", removeOf: "Remove for good: {{name}}",
    removeTitle: "Remove {{name}} for good?", removeLead: "The weights are deleted from this computer. This cannot be undone.", removeOne: "Its record and its place in the lineage stay.", removeTwo: "Copies that sites fetched stay with them.", removeConfirm: "Remove this model for good",
  },
  task: { "spect-reconstruction": "SPECT reconstruction", "brain-segmentation": "Brain segmentation" },
  model: { origin: { random: "Random weights", uploaded: "Uploaded", shipped: "Comes with FLoMIR", round: "Training round", trained: "Trained here" } },
  audit: {
    title: "Audit log", intro: "Who did what. Each row holds the hash of the one before, so a change shows.",
  },
  system: { intro: "Who may open these pages, your own account, and the program itself.", loading: "Loading system state", identity: "Identity", name: "Name", address: "Public address", fingerprint: "Fingerprint of its authority", version: "Version", protocol: "Protocol", processes: "Processes", processesNote: "Ended processes are restarted by themselves." },
};
