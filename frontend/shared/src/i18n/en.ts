/** English text of what both apps share. */
import { settingsEn } from "@shared/i18n/en.settings";

export const sharedEn = {
  frame: { skip: "Skip to content", menu: "Open navigation", close: "Close navigation", navigation: "Main", light: "Light theme", dark: "Dark theme", speak: "EN: show in English", waiting_one: "{{count}} waiting", waiting_other: "{{count}} waiting" },
  live: {
    live: "Live", connecting: "Connecting", reconnecting: "Reconnecting",
    staleTitle: "The program on this computer does not answer.",
    stale: "What you see is from {{seconds}} s ago. This page reconnects by itself; if the program was closed, start it again.",
  },
  problem: { retry: "Try again" },
  list: { more: "Show {{count}} more of {{rest}}" },
  accounts: {
    title: "Accounts", note: "People who may open these pages. Each act is written down with the name.", loading: "Loading accounts", name: "Name", nameNote: "As colleagues know the person; it is used to sign in.",
    roleHead: "Role", stateHead: "State", seen: "Last seen", never: "never", actions: "Actions", actionsOf: "Actions for {{name}}", roleOf: "Role of {{name}}", you: "You",
    role: { viewer: "Viewer", manager: "Learning manager", professional: "Medical professional", administrator: "Administrator" },
    roleNote: {
      viewer: "Sees everything here and changes nothing.", manager: "Invites sites, starts training, keeps models, manages accounts.",
      professional: "Adds scans, answers requests, watches training, uses models.", administrator: "Everything, also joining and leaving a federation, and accounts.",
    },
    state: { active: "Active", invited: "Invited", disabled: "Disabled" }, ownerNote: "Signs in with the link that the program prints", withPassword: "Signs in with a password", waiting: "Has not joined yet",
    invite: "Invite a person", makeLink: "Make the invitation link", linkTitle: "Invitation for {{name}}", linkReady: "The link is ready.", linkOnce: "It is shown only now, works once and until {{until}}.",
    link: "Link", linkWhere: "It opens on this computer, or where this page is reached through a tunnel. There the person chooses a password.", done: "Done",
    disable: "Disable", enable: "Enable again", newLink: "New invitation link", remove: "Remove", removeTitle: "Remove {{name}}?", removeLead: "The person is signed out at once and cannot sign in any more.",
    removeOne: "What the person did stays in the audit log.", removeTwo: "To come back a new invitation is needed.", againTitle: "New link for {{name}}?", againLead: "For a lost invitation or a forgotten password.",
    againOne: "The present password works no more.", againTwo: "The person is signed out everywhere.",
    own: "My account", youAre: "You are signed in as {{name}} ({{role}}).", menu: "{{letters}}, account of {{name}}", signOut: "Sign out", notSignedOut: "You are still signed in", looking: "View only", lookOnly: "Your role looks and changes nothing.",
    noPassword: "This account signs in with the one-time link that the program prints at its start. With a password it can sign in without it.", present: "Present password", new: "New password",
    rule: "At least {{shortest}} characters; a short sentence is easy to keep.", again: "The same again", unequal: "The two differ.", set: "Set a password", change: "Change the password",
    saved: "The password is saved.", savedText: "Other browsers of this account were signed out.", browsers: "Signed-in browsers", here: "This one", since: "Since {{since}}, until {{until}}", end: "Sign out", endOf: "Sign out {{browser}}",
  },
  dialog: { cancel: "Cancel", close: "Close" },
  copy: { copy: "Copy text", done: "Copied" },
  phase: { done: "done", current: "now", coming: "to come" },
  form: {
    range: "Allowed: {{range}}.", missing: "Fill this in.", whole: "A whole number, please.", outside: "Outside the allowed range.",
    between: "{{from}} to {{to}}", least: "at least {{value}}", most: "at most {{value}}", above: "above {{value}}", below: "below {{value}}",
  },
  network: {
    unrolled_em: "unrolled EM", unrolled_unet: "unrolled EM with U-Nets", osem_unet: "OSEM, then U-Net", fbp_unet: "FBP, then U-Net",
    primal_dual: "learned primal-dual", encoder_decoder: "encoder-decoder", unet_2d: "U-Net",
  },
  activity: { title: "Activity", unread: "New", mark: "Mark as read", more: "Show earlier", loading: "Loading the activity", emptyTitle: "Nothing has happened yet", empty: "Every step of either side appears here, in words." },
  auditFilter: {
    verify: "Verify the chain", pdf: "Export PDF", loading: "Loading the audit log", emptyTitle: "No rows yet", empty: "Every act is written here.", more: "Show more",
    title: "Look through the audit log", text: "Text", area: "What", actor: "Who", from: "From", to: "Until", all: "All", clear: "Remove this choice", reset: "Show everything", csv: "Export CSV", json: "Export JSON", noneTitle: "No row is like this", none: "Choose a longer time or another word.",
    areaOf: { connection: "The connection", data: "Removal of data", import: "Imports", patient: "Patients", reconstruction: "Reconstructions", result: "Comparisons", storage: "The place of the data", request: "Requests", round: "Rounds", rule: "Standing rules", resources: "Resources", sharing: "What is told", study: "Studies", training: "Pauses", update: "Updates", account: "Accounts", certificate: "Certificates", consent: "Consents", drain: "Drain mode", enrolment: "Requests to join", invitation: "Invitations", laboratory: "Laboratory", letter: "Answers not taken", model: "Models", session: "Sessions", settings: "Settings", site: "Trust in sites" },
  },
  audit: {
    title: "Audit log", seq: "No.", at: "When", actor: "Who", action: "What", subject: "Of what", details: "Details", hash: "Hash",
    ok: "The log is complete and unchanged: {{rows}} rows check out.", head: "Head of the chain:",
    broken: "The chain breaks at row {{seq}}.", brokenAdvice: "Keep a copy of the data folder and tell the administrator.",
  },
  children: {
    title: "Processes", none: "No process is running yet.", starting: "Starting", ready: "Running", restarting: "Restarting", stopped: "Stopped",
    since: "started", role: { gateway: "Door for the sites", superlink: "Exchange of models", agent: "Training", relay: "Line to the orchestrator", supernode: "Exchange of models" },
    restarts_one: "{{count}} restart", restarts_other: "{{count}} restarts",
  },
  viewer: {
    axial: "Axial", coronal: "Coronal", sagittal: "Sagittal", sliceValue: "slice {{slice}} of {{of}}, value {{value}}",
    window: "Window", windowLow: "Lower end of the window", windowHigh: "Upper end of the window", colours: "Colours",
    map: { grey: "Grey", inverse: "Inverse", hot: "Hot", viridis: "Viridis" },
    picture: "Save picture (PNG)", convention: "Radiological view: the patient's right (R) is on the left. True proportions. Click to move the cursor; arrow keys and Page Up or Down change the slice of the chosen plane.",
    research: "For research, not for diagnosis", value: "Here:", place: "Cursor at voxel {{x}}, {{y}}, {{z}} (right–left, front–back, feet–head): {{xmm}}, {{ymm}}, {{zmm}} mm",
    uncertainty: "Show where the model is uncertain", uncertaintyNote: "The denser the light blue, the wider the interval; full from ± {{full}} on.",
    profile: "Profile line", profileAlong: "Direction of the line", axis: { x: "Right–left", y: "Front–back", z: "Feet–head" }, axisLabel: { x: "Voxel from right to left", y: "Voxel from front to back", z: "Voxel from feet to head" },
    projection: "View {{view}} of {{of}}", sinogram: "Sinogram of row {{row}} of {{of}}", view: "View", row: "Axial row", play: "Play the views", pause: "Pause the views",
  },
  polar: {
    of: "Polar map of {{title}}", segment: "Segment", points: "Points",
    name: { 1: "basal anterior", 2: "basal anteroseptal", 3: "basal inferoseptal", 4: "basal inferior", 5: "basal inferolateral", 6: "basal anterolateral", 7: "mid anterior", 8: "mid anteroseptal", 9: "mid inferoseptal", 10: "mid inferior", 11: "mid inferolateral", 12: "mid anterolateral", 13: "apical anterior", 14: "apical septal", 15: "apical inferior", 16: "apical lateral", 17: "apex" },
  },
  ...settingsEn,
};
