"""Paths of the two APIs that a site calls through the gateway; bodies and answers are `fl_core.protocol.messages`.

========  ====================================  =======================  ====================================
method    path                                  body                     answer
========  ====================================  =======================  ====================================
POST      ENROL_REQUESTS                        EnrolmentRequest         201 EnrolmentReceipt
GET       ENROL_STATUS ?wait_s=N                bearer: poll_secret      EnrolmentStatus (held while pending)
POST      HELLO                                 Hello                    Welcome
GET       EVENTS ?after=SEQ&wait_s=N            -                        EventPage (held while empty)
POST      SUMMARY                               DataSummary              204
POST      CONSENTS                              SignedDocument           204 (idempotent)
POST      WITHDRAWALS                           SignedDocument           204 (idempotent)
POST      PROGRESS                              SiteProgress             204
GET       MODEL_WEIGHTS                         -                        the safetensors bytes
POST      RENEWALS                              RenewalRequest           RenewalAnswer
POST      LEAVE                                 -                        204, then the connections are ended
POST      ENROL_PROBE, PROBE                    bytes, at most 1 MiB     204
========  ====================================  =======================  ====================================

Asking for events after a sequence number acknowledges those up to it. Every failure is problem+json.
"""

ENROL_REQUESTS = "/enrol/v1/requests"
ENROL_STATUS = "/enrol/v1/requests/{enrolment_id}"
HELLO = "/peer/v1/hello"
EVENTS = "/peer/v1/events"
SUMMARY = "/peer/v1/summary"
CONSENTS = "/peer/v1/consents"
WITHDRAWALS = "/peer/v1/withdrawals"
PROGRESS = "/peer/v1/progress"
MODEL_WEIGHTS = "/peer/v1/models/{sha256}/weights"
RENEWALS = "/peer/v1/renewals"
LEAVE = "/peer/v1/leave"
ENROL_PROBE = "/enrol/v1/probe"
PROBE = "/peer/v1/probe"
"""The gateway answers 204 to both and drops what was sent: a site measures its line, and whether it is let in."""
LARGEST_PROBE_BYTES = 1024 * 1024

LONGEST_WAIT_S = 25.0
"""Longest time that a held answer stays open, below the usual 30 s of proxies."""
