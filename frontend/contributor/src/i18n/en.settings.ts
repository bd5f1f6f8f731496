/** English text of the page Settings beside people and connection, and of the lines of the activity that nobody's act made. */
export const programTexts = {
  program: {
    window: "Open the window at the start", windowNote: "Otherwise the program prints the link that opens the page.", port: "Port of this page", portNote: "0 takes a free one at each start; a fixed one can be bookmarked. Only this computer reaches it.",
    signedIn: "Days a browser stays signed in", signedInNote: "For new sign-ins.", upload: "Largest upload (MiB)", uploadNote: "For one file that is dropped on a page; a folder on this computer is read without this limit.", reserve: "Disk space left free (MiB)", reserveNote: "Imports stop before they touch it.",
    protocol: "Protocol", data: "Data of patients", docs: "Documentation", docsNote: "README.md and the folder docs of the program; flomir contributor --help", backup: "Backup", backupNote: "flomir contributor backup --out FILE",
    locked: "Only an administrator changes this.", loading: "Loading the program",
  },
};
export const quietActivity = {
  session: { starting: "Session “{{title}}” is starting.", running: "Session “{{title}}” is running.", paused: "Session “{{title}}” is paused.", stopping: "Session “{{title}}” is stopping.", completed: "Session “{{title}}” is completed.", stopped: "Session “{{title}}” is stopped.", failed: "Session “{{title}}” has failed.", aborted: "Session “{{title}}” was given up.", offered: "Session “{{title}}” was offered." },
  model: { fetched: "The model “{{name}}” was fetched and verified.", weights_removed: "The file of the model “{{name}}” was removed.", final: "The final model “{{name}}” is ready.", round: "The model of round {{round}} “{{name}}” is ready." },
  import: { done: "An import is done: $t(activity.import.added, {'count': {{added}} }), $t(activity.import.refused, {'count': {{refused}} }).", failed: "An import has failed: $t(activity.import.added, {'count': {{added}} }), $t(activity.import.refused, {'count': {{refused}} }).", cancelled: "An import was cancelled: $t(activity.import.added, {'count': {{added}} }), $t(activity.import.refused, {'count': {{refused}} }).", added_one: "{{count}} study added", added_other: "{{count}} studies added", refused_one: "{{count}} file not taken", refused_other: "{{count}} files not taken" },
  connection: {
    not_enrolled: "This computer has left the federation. {{detail}}", pending: "Waiting for the learning manager's approval. {{detail}}", connected: "Connected to the orchestrator. {{detail}}", reconnecting_again: "Started again; connecting.", reconnecting_approved: "{{orchestrator}} approved this site; connecting.", reconnecting: "The connection was lost; it is tried again by itself. {{detail}}", refused: "The learning manager refused this enrolment. {{detail}}",
    suspended: "The learning manager has suspended this site for the time being; nothing runs meanwhile. {{detail}}", revoked: "This site's certificate was revoked; nothing runs any more. {{detail}}", protocol_mismatch: "The two sides speak different versions. {{detail}}", unreachable: "The laboratory has not answered since {{at}}; it is tried again by itself.", back: "The laboratory answers again.",
  },
  certificate: { renewed: "The certificate of this site was renewed; it holds until {{day}}.", expires: "The certificate of this site ends on {{day}}. It should have renewed by itself: keep the program running and connected." },
  storage: { low: "The room for data at this site is running out.", full: "There is no room for more data at this site; imports stop.", changed: "The place of the data, or its limit, was changed." },
  settings: { proxy: "Everything goes out through {{proxy}} now.", proxy_direct: "Everything goes out directly now.", notices: "The notices were changed.", daemon: "The settings of the next start were changed." },
};
