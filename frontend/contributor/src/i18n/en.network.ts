/** English text of the check of computer and way, and of the proxy. */
export const network = {
  preflight: {
    page: "Check this computer", intro: "Looks at everything that a training needs, before joining and at any time after. Nothing about your studies is sent.", title: "Computer and way to the laboratory", note: "Takes about half a minute: a real training step on a synthetic study is part of it.", start: "Check now", again: "Check again", loading: "Loading the check", lines: "What was checked", emptyTitle: "Not checked yet", empty: "Each line says what was found and, where something is wrong, what to do.",
    running: "Looking at the way to the laboratory", training: "Training a step on a synthetic study", checked: "Checked", todo: "What to do:", open: "Check this computer", goThere: "Open the check", openNote: "Certificate, clock, network, disk, memory, a training step and the speed of the line.",
    red_one: "{{count}} thing stands in the way", red_other: "{{count}} things stand in the way", redNote: "What to do stands beside each.", amber_one: "Ready, with {{count}} remark", amber_other: "Ready, with {{count}} remarks", amberNote: "Training works; the remarks say what could be better.", green: "This computer is ready", greenAlone: "This computer is ready; open an invitation to check the way as well",
    level: { green: "In order", amber: "Remark", red: "In the way", skipped: "Not checked" },
    check: { leave: "Leaving", records: "Records", certificate: "Certificate", name: "Name of the laboratory", proxy: "Proxy", port: "Port", tls: "Encryption", trust: "Admission", clock: "Clock", disk: "Disk", memory: "Memory", processor: "Processor", step: "Training step", speed: "Speed of the line", round: "Time of a round" },
  },
  proxy: {
    title: "Proxy", note: "If this hospital's computers reach the internet through an HTTP proxy, everything goes through it.", loading: "Loading the proxy", url: "Address of the proxy", urlNote: "http://HOST:PORT, or https://HOST:PORT. Empty: everything goes out directly.", username: "Name at the proxy", usernameNote: "Empty: no sign-in.", password: "Password at the proxy", kept: "One is kept. Empty: it stays.", none: "It is kept readable for this program only and never shown.",
    ca: "Certificate file of the proxy's authority", caNote: "Path of a PEM file on this computer, for an https:// proxy that the system does not know.", inspection: "If your network opens encrypted connections", inspectionNote: "Site and laboratory prove to each other who they are (mutual TLS). That cannot pass through an inspecting proxy, and no certificate here changes it: ask IT to leave the laboratory's address out of the inspection.",
    fixed: "Given by the environment or settings.toml; change it there.", save: "Save", saved: "Saved. The connection goes this way now.", another: "Another address needs its password again.",
  },
};
