/** English text of what both apps share. */
export const sharedEn = {
  frame: { skip: "Skip to content", menu: "Open navigation", close: "Close navigation", navigation: "Main", light: "Light theme", dark: "Dark theme", waiting_one: "{{count}} waiting", waiting_other: "{{count}} waiting" },
  live: {
    live: "Live", connecting: "Connecting", reconnecting: "Reconnecting {{seconds}} s",
    staleTitle: "The program on this computer does not answer.",
    stale: "What you see is from {{seconds}} s ago. This page reconnects by itself; if the program was closed, start it again.",
  },
  problem: { retry: "Try again" },
  dialog: { cancel: "Cancel", close: "Close" },
  copy: { copy: "Copy text", done: "Copied" },
  phase: { done: "done", current: "now", coming: "to come" },
  form: { range: "Allowed: {{range}}.", missing: "Fill this in.", whole: "A whole number, please.", outside: "Outside the allowed range." },
  activity: { title: "Activity", emptyTitle: "Nothing has happened yet", empty: "Every step of either side appears here, in words." },
  audit: {
    title: "Audit log", seq: "No.", at: "When", actor: "Who", action: "What", subject: "Of what", details: "Details", hash: "Hash",
    ok: "The log is complete and unchanged: {{rows}} rows check out.", head: "Head of the chain:",
    broken: "The chain breaks at row {{seq}}.", brokenAdvice: "Keep a copy of the data folder and tell the administrator.",
  },
  children: {
    title: "Processes", none: "No process is running yet.", starting: "Starting", ready: "Running", restarting: "Restarting", stopped: "Stopped",
    since: "since", role: { gateway: "Door for the sites", superlink: "Exchange of models", agent: "Training", relay: "Line to the orchestrator", supernode: "Exchange of models" },
    restarts_one: "{{count}} restart", restarts_other: "{{count}} restarts",
  },
  viewer: {
    axial: "Axial", coronal: "Coronal", sagittal: "Sagittal", slice: "slice {{slice}} of {{of}}",
    window: "Window", windowLow: "Lower end of the window", windowHigh: "Upper end of the window", colours: "Colours",
    map: { grey: "Grey", inverse: "Inverse", hot: "Hot" },
    convention: "Radiological view: the patient's right (R) is on the left. True proportions. Click to move the cursor; arrow keys change the slice.",
    projection: "View {{view}} of {{of}}", sinogram: "Sinogram of row {{row}} of {{of}}", view: "View", row: "Axial row", play: "Play the views", pause: "Pause the views",
  },
};
