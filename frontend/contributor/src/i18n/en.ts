/** English text of the contributor's pages. */
import { intake } from "@app/i18n/en.intake";
import { consent } from "@app/i18n/en.consent";
import { axis } from "@app/i18n/en.axis";
import { results } from "@app/i18n/en.results";
import { network } from "@app/i18n/en.network";
import { programTexts } from "@app/i18n/en.settings";
import { quality } from "@app/i18n/en.quality";
import { training } from "@app/i18n/en.training";

export const en = {
  ...results,
  ...axis,
  ...training,
  ...intake,
  ...quality,
  ...consent,
  nav: { subtitle: "Contributor", promise: "Images stay on this computer.", promiseMore: "Only model updates leave, after you agree.", home: "Home", data: "Data", requests: "Requests", training: "Training", reconstruct: "Reconstruct", results: "Results", privacy: "Privacy", settings: "Settings" },
  ...network,
  ...programTexts,
  notFound: { title: "Page not found", study: "Study not found", what: "There is nothing at this address", advice: "It may have been removed. Use the navigation to go on.", home: "Go to Home" },
  sharing: { title: "How the studies are spread", note: "Besides the figures above nothing is told unless you permit it here.", loading: "Loading the permission", permit: "Tell the laboratory the spread over kinds, cameras and counts", permitNote: "Aggregate figures only, also how many studies quality control remarked on; groups of fewer than three are put together. It can be taken back at any time.", told: "The laboratory learns exactly this:", kinds: "Kinds", cameras: "Acquisition set-ups", counts: "Photopeak counts", warned: "With remarks of quality control", few: "fewer than 3", other: "other", from: "from {{counts}}" },
  connection: { not_enrolled: "Not connected", pending: "Waits for approval", connected: "Connected", reconnecting: "Reconnecting", refused: "Refused", suspended: "Suspended", revoked: "Revoked", protocol_mismatch: "Versions differ" },
  connect: {
    title: "Connect this site", intro: "Join a training network with an invitation from its learning manager. Your scans stay here.", loading: "Loading the connection",
    steps: { open: "Open the invitation", look: "See whose it is", compare: "Compare fingerprints", done: "Connected" }, stepOf: "Step {{step}} of {{of}}: {{name}}",
    openTitle: "Open your invitation", openNote: "A file, a QR code, or a block of text that begins with BEGIN FLOMIR INVITATION.", drop: "Drop the invitation file here", file: "Invitation file", choose: "Choose a file", picture: "Picture of the QR code", choosePicture: "Picture of its QR code", pictureNote: "A photo or a screenshot of the code; it is read in this browser and goes nowhere.", paste: "Or paste the invitation text", open: "Open invitation",
    whose: "Invitation from {{orchestrator}}", whoseNote: "Nothing has been sent yet.", orchestrator: "Orchestrator", address: "Address", authority: "Fingerprint of its authority", expires: "Valid until",
    allowsTitle: "What joining allows", allows: { name: "The laboratory learns this site's name and how many studies it has.", counts: "It may send models here and ask you to train them.", ask: "Each training asks you again, and you can leave at any time." },
    neverTitle: "What it never allows", never: { key: "This site's key is made on this computer and never leaves it.", scans: "No scan, name or patient number is ever sent.", start: "Nothing trains on your studies before you agree." },
    checkNote: "Not sure whether this computer and its network will do?", noAnswer: "The laboratory does not answer at the moment",
    name: "Name of this site", nameNote: "As the learning manager and this page show it.", back: "Use another invitation", ask: "Ask to join",
    compareTitle: "Compare this fingerprint", compareNote: "{{orchestrator}} sees the same one on its screen.", fingerprint: "Fingerprint of this site", compareHow: "Call the learning manager and read it to each other. If they differ, cancel: somebody else may be in between.",
    waiting: "Waiting for approval", waitingNote: "This page goes on by itself.", cancel: "Cancel the request",
    cancelAsk: { title: "Cancel the request?", lead: "This site waits no longer and forgets the request.", one: "Its key is deleted from this computer and cannot be brought back; an approval that comes later has no effect.", two: "The invitation is used up: to ask again you need a new one.", three: "The laboratory is not told. Ask the learning manager to refuse the request.", confirm: "Take the request back" },
    doneTitle: "Connected to {{orchestrator}}", done: "{{site}} is trusted now. Next, add the studies that may be used for training.", toData: "Add data", again: "Start again with a new invitation",
    againAsk: { title: "Start again with a new invitation?", lead: "What is left of the former connection is removed from this computer.", one: "This site's key and, if it has one, its certificate are deleted and cannot be brought back.", two: "To connect you need a new invitation from the learning manager.", three: "Studies, models and the audit log stay.", confirm: "Start again" },
    ended: { refused: "The learning manager refused this site.", suspended: "The learning manager has suspended this site for the time being.", revoked: "This site's trust was taken back.", protocol_mismatch: "The two programs speak different versions." },
    endedAdvice: { refused: "Talk to the learning manager and ask for a new invitation.", suspended: "Your data and your answers are untouched; nothing runs meanwhile. When it is let in again, this site reconnects by itself.", revoked: "Your data is untouched. Ask the learning manager for a new invitation.", protocol_mismatch: "Update the older program." },
  },
  home: {
    title: "Home", intro: "What waits for you, what runs, what happened.", loading: "Loading the overview", needs: "Waits for you", nothingTitle: "Nothing waits for you", nothing: "Requests and held updates appear here at once.",
    running: "Training", idleTitle: "No training is running", idle: "When you agree to a request, you can watch it here.", watch: "Watch the training", connection: "Connection", contact: "Last contact", usable: "Studies", look: "Look at it",
    held: "Round {{round}} of “{{title}}” waits for your release", heldText: "The update has not left this computer.", decide: "Decide",
    request: "You are asked to join “{{title}}”", requestText_one: "{{orchestrator}} asks to train on {{count}} of your studies.", requestText_other: "{{orchestrator}} asks to train on {{count}} of your studies.", read: "Read the request",
    addData: "Add your first studies", addDataText: "Each file is checked here and never uploaded.",
  },
  data: {
    title: "Studies", intro: "Your studies stay on this computer. Names and numbers of patients are left behind when a scan is read.", loading: "Loading studies",
    emptyTitle: "No studies yet", empty: "Drop scans or name a folder. You see every image before anything is trained.", name: "Study", state: "State", counts: "Counts", reference: "Reference", size: "Size", added: "Added", yes: "yes", no: "no",
    usable: "Usable", unusable: "Cannot be used", withdrawn: "Withdrawn", usableOf: "{{usable}} of {{total}} usable",
  },
  told: { title: "What the orchestrator is told", note: "These figures about your data, and the spread below only if you permit it.", usable: "Usable studies", total: "All studies", reference: "With a reference image", patients: "Patients", newest: "Newest added", task: "For {{task}}", taskReference: "For {{task}}, with a reference" },
  study: {
    images: "Images", projections: "Projections", reference: "Reference", attenuation: "Attenuation", loadingImage: "Loading images", facts: "About this study", kind: "Kind", geometry: "Acquisition", patient: "Patient (pseudonym, stays here)", used: "Used", usedIn_zero: "in no session", usedIn_one: "in {{count}} session", usedIn_other: "in {{count}} sessions", hash: "SHA-256",
    reconstruct: "Reconstruct", kindOf: { "spect-reconstruction": "SPECT study", "brain-segmentation": "Brain slice" }, problem: { study_unreadable: { text: "The file of this study is gone.", advice: "Add the study again from its source." } },
    outOfUse: "Out of use", outOfUseNote: "It is kept here, but no training uses it.", restore: "Put back into use", withdraw: "Withdraw this study", withdrawTitle: "Withdraw {{name}}?", withdrawLead: "No training uses it any more: a round that works with it now ends here without an update.", withdrawOne: "The file stays on this computer until the patient is erased or all data are removed.", withdrawTwo: "The orchestrator is told the lower number at once.", withdrawThree: "You can put it back into use at any time.",
  },
  task: { "spect-reconstruction": "SPECT reconstruction", "brain-segmentation": "Brain segmentation" },
  metric: { nrmse_body: "Error in the body (NRMSE)", nrmse_heart: "Error in the heart (NRMSE)", ssim_heart: "Structural similarity in the heart", psnr_body: "Peak signal to noise in the body (dB)", psnr_heart: "Peak signal to noise in the heart (dB)", defect_contrast: "Defect contrast recovered", contrast_error: "Error of the defect contrast", myocardial_bias: "Bias in the heart wall", wall_to_blood_contrast: "Contrast of wall and blood recovered", polar_rms: "Error of the polar map (points)", dice: "Mean overlap (Dice)", jaccard: "Mean overlap (Jaccard)", train_loss: "Training loss" },
  privacy: { intro: "Every update that left, to the byte, and every act on this computer. Looking at pictures is not recorded.", loading: "Loading receipts", nothingTitle: "Nothing has left this computer", nothing: "When a training sends an update, its receipt is kept here: size, tensors, hash.", total: "{{bytes}} have left in all" },
  audit: { title: "Audit log", intro: "Who did what. Each row holds the hash of the one before, so a change shows." },
  settings: {
    intro: "People, the connection, this computer, notices, the way out, the program.", peopleTab: "People", siteTab: "This site", networkTab: "Network", noticesTab: "Notices", computerTab: "This computer", programTab: "Program", renew: "Renew the certificate now", renewing: "A new one is on its way.", certificateSoon_one: "The certificate ends in {{count}} day", certificateSoon_other: "The certificate ends in {{count}} days", certificateOver: "The certificate has ended", certificateNote: "It is renewed by itself while the connection stands.", backupNote: "For a backup run: flomir contributor backup --out FILE",
    remainsHere: "What stays on this computer", here: { studies: "Your studies, as they are", models: "Received models and their results", audit: "The audit log and your signed answers" }, remainsThere: "What stays at the laboratory", there: { updates: "Updates already sent: they are part of the shared models", answers: "Your signed answers and the record of your participation" }, typeName: "Type {{name}} to confirm",
    loading: "Loading settings", connection: "Connection", site: "This site", own: "Fingerprint of this site", certificate: "Certificate until", processes: "Processes", processesNote: "Ended processes are restarted by themselves.", program: "Program", version: "Version", protocol: "Protocol",
    leave: "Leave the federation", leaveTitle: "Leave the federation?", leaveLead: "This site's key and certificate are removed from this computer.", leaveOne: "Running training at this site ends.", leaveThree: "To come back you need a new invitation.",
  },
};
