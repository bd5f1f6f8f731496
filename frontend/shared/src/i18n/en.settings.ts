/** English text of the settings that both apps have: notices, the next start, the program. */
/** Lines of the activity about accounts. */
export const accountActivityEn = {
  invited: "{{name}} was invited ($t(shared:accounts.role.{{role}})).", invited_again: "{{name}} got a new invitation link.", joined: "{{name}} joined ($t(shared:accounts.role.{{role}})).", removed: "The account of {{name}} was removed.",
  changed: "The account of {{name}} was changed.", changed_name: "{{name}} is now called {{to}}.", changed_role: "{{name}} now has the role $t(shared:accounts.role.{{to}}).", changed_state: "The account of {{name}} is now: $t(shared:accounts.state.{{to}}).",
};

export const settingsEn = {
  saving: { save: "Save", saved: "Saved.", loading: "Loading the settings" },
  notices: {
    mail: "E-mail", mailNote: "For people who are not at this page. Only what the activity says; nothing of a patient.", webhook: "Webhook", webhookNote: "An HTTP POST with JSON for another program.", enabled: "Send", mailOn: "Send e-mails", webhookOn: "Send to the webhook",
    host: "Mail server", port: "Port", security: "Encryption", securityOf: { starttls: "STARTTLS", tls: "TLS from the first byte", none: "None (only inside this computer)" }, username: "User name", usernameNote: "Empty: no sign-in.", password: "Password", secretKept: "One is kept; type to replace it.", secretNone: "None is kept.",
    sender: "Sender address", recipients: "Recipients", recipientsNote: "Up to 20 addresses, Enter after each.", clear: "Remove all", url: "Address", urlNote: "Begins with https:// or http://", secret: "Secret", signNote: "Signs each notice with HMAC-SHA256 (X-Flomir-Signature).",
    settings: "Settings of the notices", language: "Language of the e-mails", direct: "Without this site's proxy", directNote: "For a server inside the house. Where no proxy is set this changes nothing.", kinds: "About", kindOf: { approval: "Requests to join", answer: "Answers of sites", session: "Sessions", failure: "Failures", data: "New data", certificate: "Certificates", request: "New requests", reminder: "Reminders", training: "Training begins or ends", model: "Models that come", connection: "The connection", import: "Imports", storage: "Room for data", test: "Test" }, test: "Send a test", tested: "Sent: {{answer}}.",
    latest: "Latest notices", latestNote: "What fails is tried again, ever less often, for about a day.", noneYet: "None yet.", again: "next try", state: { waiting: "Waiting", sent: "Sent", failed: "Given up" },
  },
  nextStart: { title: "From the next start on", note: "Kept in settings.toml of the data folder.", fixed: "Given on the command line or by the environment: change it there.", waits: "Saved; it holds from the next start on.", restart: "Restart the program when no round is running." },
  about: { title: "About", version: "Version", licence: "Licence", home: "Data folder", components: "Made with", name: "Library" },
};
