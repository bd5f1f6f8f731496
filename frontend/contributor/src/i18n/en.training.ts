/** English text about requests and training. */
export const training = {
  request: {
    intro: "Each training asks first. Nothing runs on your studies before you agree.", loading: "Loading requests", emptyTitle: "No requests", empty: "When a learning manager asks for your studies, the request appears here at once.",
    state: { open: "Needs your answer", agreed: "Agreed", declined: "Declined", expired: "Expired", withdrawn: "Withdrawn", closed: "Closed" },
    from: "from {{orchestrator}}, {{at}}", unverified: "The signature of this request could not be checked.", unverifiedAdvice: "Do not agree. Talk to the learning manager.",
    sentence_one: "{{orchestrator}} asks to learn {{task}} on {{count}} of your studies, in {{rounds}} rounds. The studies are read on this computer only.", sentence_other: "{{orchestrator}} asks to learn {{task}} on {{count}} of your studies, in {{rounds}} rounds. The studies are read on this computer only.",
    who: "Who asks", what: "What is learned", mine: "On how many of my studies", studies_one: "{{count}} study", studies_other: "{{count}} studies", leaves: "What leaves", leavesValue: "a model update of {{each}} a round, {{all}} in all", never: "What never leaves", neverValue: "images, names, patient numbers",
    with: "Together with", withValue_one: "{{count}} other site", withValue_other: "{{count}} other sites", howLong: "For how long", howLongValue: "{{rounds}} rounds of at most {{each}}", until: "Answer until",
  },
  answer: {
    title: "Your answer", takePart: "Take part in this training", takePartNote: "This site receives the model of each round.", train_one: "Train on my {{count}} study", train_other: "Train on my {{count}} studies", trainNote: "On this computer, with installed code only.", send: "Send the trained update back", sendNote: "It is numbers of the network, not images.",
    sends: { yes: "Yes, after each round", ask: "Ask me again before sending", no: "No, keep it here" }, sendsNote: { yes: "Recommended.", ask: "Each update waits until you release it. A late release may miss the round.", no: "You see how training goes, but it does not count for the others." },
    reason: "Note to the learning manager", reasonNote: "Optional.", noData: "You have no usable study for this task.", noDataAdvice: "Add studies on the page Data, then agree.", agree: "Agree and sign", decline: "Decline", signed: "Your answer is signed with this site's key and kept on both sides. You can withdraw at any time.",
  },
  further: {
    title: "You are asked for more rounds", text: "{{orchestrator}} would like to go on to {{rounds}} rounds in all. You have agreed to {{before}}.", late: "The time to answer is over.", rounds: "Rounds in all", roundsValue: "{{rounds}} instead of {{before}}", answer: "Your answer to the further rounds", note: "If you decline or do not answer, your agreement to {{before}} rounds stays as it is.",
    todo: "“{{title}}” would like more rounds", todoText: "{{orchestrator}} asks to go on. Your agreement stays as it is until you sign.",
  },
  record: { title: "Signed record", decision: "Answer", agree: "Agreed", decline: "Declined", at: "Signed", studies: "Covers", send: "Sending", until: "Valid until", reason: "Note", offer: "Hash of the request", list: "Hash of the list of studies" },
  phase: { waiting: "Waiting", received: "Model received", scoring: "Scoring", training: "Training", held: "Waits for you", sending: "Sending", sent: "Update sent", failed: "Failed", withdrawn: "Withdrawn" },
  training: {
    intro: "What trains on your studies now, and what left in each round.", loading: "Loading training", emptyTitle: "No training yet", empty: "Sessions appear here after you agree to a request.", toRequests: "Go to Requests",
    state: { draft: "Draft", offered: "Waits for other sites", starting: "Starting", running: "Running", paused: "Paused", stopping: "Stopping", completed: "Completed", stopped: "Stopped", failed: "Failed", aborted: "Given up" },
    withdrawn: "You withdrew", roundOf: "Round {{round}} of {{of}}", covers_one: "on {{count}} of your studies", covers_other: "on {{count}} of your studies", progress: "Progress of this round", lossNow: "Latest loss", studies: "Studies covered", sent: "Sent so far", reason: "Note", loss: "Loss", lossCurve: "Training loss at this site", pass: "Step", noCurve: "The loss curve begins with the first training steps.",
    withdraw: "Withdraw", withdrawTitle: "Withdraw from “{{title}}”?", withdrawLead: "Your consent ends now.", withdrawOne: "Training on your studies stops and nothing more is sent.", withdrawTwo: "The {{bytes}} already sent are part of the shared model and cannot be taken out again.", withdrawThree: "The learning manager sees that you withdrew.", withdrawConfirm: "Withdraw my consent",
  },
  held: { label: "Held update of round {{round}}", title: "The update of round {{round}} waits for you", text: "It was trained on this computer (loss {{loss}}) and has not left it.", receipt: "{{bytes}} in {{tensors}} tensors, loss {{loss}}. It has not left this computer.", send: "Send this update", keep: "Keep it here" },
  receipts: { title: "Receipts", none: "No round yet, so nothing has left.", round: "Round", state: "State", left: "Left this site", tensors: "Tensors", norm: "Norm", studies: "Studies", hash: "Hash", when: "When", nothing: "nothing" },
  reason: {
    "consent.missing": "not consented", "consent.expired": "the consent has ended", "compute.failed": "the training failed", "compute.diverged": "the training diverged: the loss grew without bound", "federation.quorum_missed": "too few sites sent an update", "federation.update_rejected": "the update was not accepted", "peer.unreachable": "the orchestrator is not reachable", "storage.disk_full": "the disk is full", withdrawn: "you withdrew",
  },
};
