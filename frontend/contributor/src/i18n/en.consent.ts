/** English text about standing rules, reminders, pauses, resources, receipts and the information sheet. */
import { accountActivityEn } from "@shared/i18n/en.settings";

import { quietActivity } from "@app/i18n/en.settings";

export const consent = {
  rules: {
    title: "Standing rules", note: "Agree to requests like these without asking me each time. Every consent names the rule and its version.", loading: "Loading standing rules", add: "New rule", emptyTitle: "No standing rule", empty: "You are asked about every request. A rule can agree for you, within limits that you set.",
    sentence_one: "{{orchestrator}} may train {{task}} on my studies, at most {{count}} round a session.", sentence_other: "{{orchestrator}} may train {{task}} on my studies, at most {{count}} rounds a session.", inForce: "In force", paused: "Paused", over: "Not in force", atMost_one: "at most {{count}} round a week", atMost_other: "at most {{count}} rounds a week", between: "rounds begin from {{begin}} to {{end}} only", anyTime: "at any hour", until: "until {{until}}",
    used_one: "{{count}} agreement in force", used_other: "{{count}} agreements in force", week_one: "{{count}} round in seven days", week_other: "{{count}} rounds in seven days", weekOf: "{{count}} of {{of}} rounds in seven days", version: "version {{version}}",
    pause: "Pause rule", resume: "Resume rule", edit: "Change", delete: "Delete rule", deleteTitle: "Delete “{{name}}”?", deleteLead: "It agrees to nothing any more.", deleteOne: "What it agreed to stays agreed, with its limits; withdraw a session on the page Training.", deleteTwo: "The audit log keeps every version of it.",
    newTitle: "New standing rule", editTitle: "Change the standing rule", close: "Close", meansTitle: "What a rule does", means: "It agrees to new requests of the laboratory that you are connected to, with all usable studies for the task, signed with this site's key. A change makes a new version and counts for later requests.",
    name: "Name of the rule", suggested: "Night training", task: "What may be learned", maxRounds: "Most rounds in one session", maxRoundsNote: "You are asked about longer ones.", limitWeek: "Limit the rounds of a week", roundsAWeek: "Rounds in seven days", limitHours: "Only at some hours", hoursNote: "A round begins only then, by this computer's clock; one that has begun is finished.", begin: "From", end: "Until", cancel: "Cancel", create: "Make this rule", save: "Save as a new version",
  },
  later: {
    ask: "Ask me later", title: "Ask me again later", lead: "The request comes back as a reminder. Your answer is due on {{due}}.", when: "When", own: "Date and time", confirm: "Remind me", choice: { hour: "In one hour", evening: "In eight hours", day: "Tomorrow at this time", own: "At a time of my own" },
    until: "You are asked again on {{at}}", note: "Until then it does not count as waiting. You can answer at any time.", now: "Ask me now", chip: "Put off",
  },
  pause: { pause: "Pause", resume: "Resume", title: "Paused by this site", text: "Nothing begins and nothing is finished until you resume. The laboratory sees that this site has paused; its round may close without it.", todo: "“{{title}}” is paused here", todoText: "It goes on when you resume it." },
  resources: {
    title: "What training may take", note: "Obeyed from the next round on; the memory at once. Training uses the processor.", loading: "Loading the caps", threads: "Processor threads", threadsNote: "This computer has {{count}}.", limitMemory: "Cap the memory of the training", memory: "Memory (MiB)", memoryNote: "A round that needs more ends here.", memoryHere: "This computer has {{mib}} MiB. A round that needs more than the cap ends here.", limitHours: "Train at some hours only", hoursNote: "For every session; a round that has begun is finished.", save: "Save", saved: "Saved.",
  },
  receipt: {
    title: "Receipt of round {{round}}, “{{title}}”", nothing: "Nothing has left this computer in this round.", left: "What left this computer", destination: "Where to", time: "When", size: "Size", examples: "Studies it was trained on", tensors: "Tensors that left", tensor: "Tensor", shape: "Shape", beside: "Beside it: the mean loss, the mean scores of the received model on your hold-out, and how long it took.",
    stayed: "What did not leave", not: { images: "Images, projections and attenuation maps", names: "Names, dates of birth, patient numbers and findings", studies: "Single studies, their pseudonyms and file names", list: "Which studies were used (a hash of the list is in your consent)" },
  },
  sheet: { title: "Information sheet for patients", intro: "To hand out and to print. Each consent of this site names the version that was in force.", loading: "Loading the sheet", print: "Print", language: "Language of the sheet", version: "Version {{version}} of {{issued}}" },
  unread: { badge_one: "{{count}} new line in the activity", badge_other: "{{count}} new lines in the activity" },
  activity: {
    ...quietActivity,
    rule: { created: "Standing rule “{{name}}” was made.", changed: "Standing rule “{{name}}” was changed (version {{version}}).", paused: "Standing rule “{{name}}” is paused.", resumed: "Standing rule “{{name}}” agrees again.", deleted: "Standing rule “{{name}}” was deleted; what it agreed to stays.", could_not_agree: "Standing rule “{{name}}” could not agree to “{{title}}”; it waits for you." },
    request: { refused: "An offer was refused and not shown: {{reason}}", received: "{{orchestrator}} asks to take part in “{{title}}”.", further: "{{orchestrator}} asks for {{rounds}} rounds in all of “{{title}}”.", recalled: "{{orchestrator}} took its request “{{title}}” back.", put_off: "The request “{{title}}” comes back on {{at}}.", reminder: "Reminder: “{{title}}” waits for your answer." },
    consent: { agreed_one: "Agreed to “{{title}}” with {{count}} study.", agreed_other: "Agreed to “{{title}}” with {{count}} studies.", agreed_rule_one: "Standing rule “{{name}}”: agreed to “{{title}}” with {{count}} study.", agreed_rule_other: "Standing rule “{{name}}”: agreed to “{{title}}” with {{count}} studies.", agreed_further_one: "Agreed to {{rounds}} rounds of “{{title}}” with {{count}} study.", agreed_further_other: "Agreed to {{rounds}} rounds of “{{title}}” with {{count}} studies.", declined: "Declined “{{title}}”.", declined_further: "Declined the further rounds of “{{title}}”; what was agreed to before stays.", withdrawn: "The agreement to “{{title}}” was taken back; nothing more is trained or sent." },
    letter: { refused: "The laboratory did not take this site's answer to “{{title}}”: {{reason}} Ask the learning manager how it stands." },
    account: accountActivityEn,
    study: { added: "A study was added.", missing: "The file of a study is gone.", withdrawn: "A study will not be used any more.", restored: "A study may be used again." },
    patient: { withdrawn_one: "A patient was withdrawn: {{count}} study will not be used any more.", withdrawn_other: "A patient was withdrawn: {{count}} studies will not be used any more.", restored_one: "The withdrawal of a patient was undone: {{count}} study may be used again.", restored_other: "The withdrawal of a patient was undone: {{count}} studies may be used again." },
    data: { removed: "All data were removed: $t(request.studies, {'count': {{studies}} }), $t(activity.data.reconstructions, {'count': {{reconstructions}} }).", reconstructions_one: "{{count}} reconstruction", reconstructions_other: "{{count}} reconstructions" },
    sharing: { permitted: "The laboratory may now learn how the studies are spread over cameras and counts.", withdrawn: "The laboratory may no longer learn how the studies are spread over cameras and counts." },
    training: { paused: "“{{title}}” is paused here.", resumed: "“{{title}}” goes on here." },
    resources: { changed: "What training may take of this computer was changed." },
    update: { held: "Round {{round}}: the update is ready and waits for your answer before it leaves.", sent: "Round {{round}}: an update of {{bytes}} was sent; no scan left.", released: "The update of round {{round}} may leave.", kept: "The update of round {{round}} stays here." },
    reconstruction: { started: "A study is reconstructed with “{{name}}” and with OSEM.", done: "A reconstruction is ready.", failed: "A reconstruction failed: {{reason}}", removed: "A reconstruction was removed with its images." }, result: { started: "“{{name}}” is compared with OSEM and with a model of this site's data alone.", finished: "The comparison on the own hold-out is done.", failed: "The comparison on the own hold-out failed.", cancelled: "The comparison on the own hold-out was cancelled.", interrupted: "The comparison on the own hold-out was interrupted.", removed: "A comparison on the own hold-out was removed with its images." },
    enrolment: { requested: "Asked {{orchestrator}} for admission as {{site}}.", left: "Left {{orchestrator}}; this site's key was deleted.", left_told: "Left {{orchestrator}}, which was told; this site's key was deleted.", left_not_told: "Left {{orchestrator}}, which could not be told; this site's key was deleted." },
    round: { failed: "Round {{round}} failed here ({{reason}}).", refused: "Round {{round}} was asked for once more with another model; nothing was trained or sent." },
  },
};
