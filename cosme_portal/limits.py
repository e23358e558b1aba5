"""The table of limits: how often an account, an address or a recipient may do what.

Every route that sends email, stores, searches or computes is in `LIMITS`; the rest is in `CHEAP_READS` or
`NEVER_WRITE` with its reason, and a test finds a route that is in none. People of one office share an
address, so limits per address are about ten times those per account. Nobody's account is ever limited by what
strangers do: attempts to sign in count per client address and email address together.
"""

from foundation.limits import Limit, Rate

MINUTE, TEN_MINUTES, HOUR, DAY = 60, 600, 3600, 86400

LIMITS = (
    Limit(
        "sign-in", "Too many attempts to sign in.",
        ("account_login", "account_reauthenticate", "account_confirm_login_code"),
        pair=Rate(10, 5 * MINUTE), address=Rate(100, 5 * MINUTE),
        addressed=("account_login",), field="login",
    ),
    Limit(
        "sign-up", "Too many attempts to create an account.",
        ("account_signup",),
        pair=Rate(5, HOUR), address=Rate(50, HOUR), addressed=("account_signup",),
    ),
    Limit(
        "password-reset", "Too many password reset requests.",
        ("account_reset_password", "account_reset_password_done"),
        pair=Rate(5, HOUR), address=Rate(50, HOUR), addressed=("account_reset_password",),
    ),
    Limit(
        "account-changes", "Too many changes to accounts.",
        (
            "account_reset_password_from_key", "account_reset_password_from_key_done",
            "account_confirm_email", "account_email_verification_sent", "account_change_password",
            "account_set_password", "account_email", "account_inactive",
        ),
        account=Rate(30, TEN_MINUTES), address=Rate(300, TEN_MINUTES),
    ),
    Limit(
        "account-email",
        "Further emails about an account to the same address are not sent; the links sent "
        "before still work.",
        recipient=Rate(5, HOUR),
    ),
    Limit(
        "invitations", "Too many invitations and reminders.",
        (
            "applicants:invite-colleague", "proposals:invite", "proposals:resend-invitation",
            "proposals:remind", "proposals:confirm", "partners:invite",
        ),
        pair=Rate(5, HOUR), recipient=Rate(10, HOUR), account=Rate(60, HOUR), address=Rate(300, HOUR),
        addressed=("applicants:invite-colleague", "proposals:invite"),
    ),
    Limit(
        "people", "Too many changes to people and partners.",
        (
            "applicants:remove-colleague", "applicants:cancel-colleague-invitation",
            "applicants:join", "proposals:invitation", "proposals:own-invitation",
            "proposals:assign-step", "proposals:reminders", "proposals:revoke-invitation",
            "proposals:remove-collaborator", "proposals:people", "proposals:add-participant",
            "proposals:remove-participant", "proposals:consortium", "proposals:clear-intended-countries",
            "proposals:what-if",
        ),
        account=Rate(120, HOUR), address=Rate(1000, HOUR),
    ),
    Limit(
        "new-organisations", "Too many new organisations.",
        ("applicants:new-organisation", "proposals:new-participant", "proposals:import-partners"),
        account=Rate(40, HOUR), address=Rate(200, HOUR),
    ),
    Limit(
        "new-proposals", "Too many proposals created, deleted, restored or withdrawn.",
        ("proposals:start", "proposals:delete", "proposals:restore", "proposals:withdraw",
         "proposals:progress", "proposals:mine", "proposals:proposal"),
        account=Rate(60, HOUR), address=Rate(300, HOUR),
    ),
    Limit(
        "comments", "Too many comments.",
        ("proposals:add-comment", "proposals:resolve-comment"),
        account=Rate(60, TEN_MINUTES), address=Rate(600, TEN_MINUTES),
    ),
    Limit(
        "saving", "Too many saves in a short time.",
        (
            "applicants:edit-organisation", "applicants:organisation", "applicants:organisations",
            "applicants:profile", "applicants:profile-step", "proposals:participant",
            "proposals:step", "proposals:description", "proposals:descriptions",
        ),
        account=Rate(1200, TEN_MINUTES), address=Rate(12_000, TEN_MINUTES),
    ),
    Limit(
        "presence", "Too many requests for who is viewing this page.",
        ("proposals:presence",),
        account=Rate(1200, TEN_MINUTES), address=Rate(12_000, TEN_MINUTES),
    ),
    Limit(
        "text-previews", "Too many previews in a short time.",
        ("text-preview",),
        account=Rate(1200, TEN_MINUTES), address=Rate(12_000, TEN_MINUTES),
    ),
    Limit(
        "submitting", "Too many submissions in a short time.",
        ("proposals:check",),
        account=Rate(120, TEN_MINUTES), address=Rate(3000, TEN_MINUTES),
    ),
    Limit(
        "uploads", "Too many files uploaded in a short time.",
        ("proposals:upload", "proposals:remove-file", "proposals:clarifications", "proposals:reply"),
        account=Rate(60, TEN_MINUTES), address=Rate(300, TEN_MINUTES),
    ),
    Limit(
        "printing", "Too many PDFs requested.",
        ("proposals:draft-pdf", "proposals:preview"),
        account=Rate(30, TEN_MINUTES), address=Rate(200, TEN_MINUTES),
    ),
    Limit(
        "reading-proposals", "Too many pages opened in a short time.",
        (
            "proposals:mine", "proposals:start", "proposals:invitation", "proposals:proposal",
            "proposals:own-invitation",
            "proposals:delete", "proposals:restore", "proposals:progress", "proposals:confirm",
            "proposals:reminders", "proposals:people", "proposals:invite", "proposals:timeline",
            "proposals:compare", "proposals:step-history", "proposals:preview",
            "proposals:consortium", "proposals:add-participant", "proposals:new-participant",
            "proposals:import-partners", "proposals:find-partners", "proposals:what-if",
            "proposals:next-profile", "proposals:participant", "proposals:remove-participant",
            "proposals:descriptions", "proposals:description", "proposals:partner-profile", "proposals:step",
            "proposals:upload", "proposals:remove-file", "proposals:draft-file", "proposals:earlier-file",
            "proposals:clarifications", "proposals:reply", "proposals:reply-file", "proposals:decisions",
            "proposals:letter", "proposals:check", "proposals:withdraw", "proposals:version",
            "proposals:receipt", "proposals:proposal-pdf", "proposals:dossier", "proposals:version-file",
        ),
        reads=True, account=Rate(1200, TEN_MINUTES), address=Rate(12_000, TEN_MINUTES),
    ),
    Limit(
        "receipt-links", "Too many links to proofs of submission opened in a short time.",
        ("proposals:receipt-link", "proposals:receipt-by-link"),
        reads=True, account=Rate(60, TEN_MINUTES), address=Rate(300, TEN_MINUTES),
    ),
    Limit(
        "waiting", "Too many requests for progress.",
        ("proposals:draft-pdf", "proposals:receipt-state"),
        reads=True, account=Rate(3000, TEN_MINUTES), address=Rate(30_000, TEN_MINUTES),
    ),
    Limit(
        "partner-search", "Too many searches.",
        ("search", "partners:search", "partners:organisations", "partners:feed", "enquiries:contact-points"),
        reads=True, account=Rate(300, TEN_MINUTES), address=Rate(1500, TEN_MINUTES),
    ),
    Limit(
        "partner-exports", "Too many downloads of search results.",
        ("partners:requests-csv", "partners:requests-json"),
        reads=True, account=Rate(30, TEN_MINUTES), address=Rate(120, TEN_MINUTES),
    ),
    Limit(
        "reading-partnering", "Too many pages opened in a short time.",
        (
            "partners:message-organisation", "partners:import", "partners:saved-searches",
            "partners:unsubscribe", "partners:mine", "partners:new", "partners:request",
            "partners:message-request",
            "partners:report-request", "partners:conversations", "partners:conversation",
            "partners:reveal-identity", "partners:block", "partners:report", "partners:invite",
            "partners:edit", "partners:delete",
        ),
        reads=True, account=Rate(1200, TEN_MINUTES), address=Rate(6000, TEN_MINUTES),
    ),
    Limit(
        "partner-requests", "Too many changes to partnership requests and searches.",
        (
            "partners:new", "partners:edit", "partners:delete", "partners:publish",
            "partners:renew", "partners:mark-filled", "partners:close", "partners:import",
            "partners:saved-searches", "partners:save-search", "partners:unsubscribe", "partners:mine",
            "partners:request",
        ),
        account=Rate(60, HOUR), address=Rate(300, HOUR),
    ),
    Limit(
        "messages", "Too many messages.",
        (
            "partners:message-request", "partners:message-organisation", "partners:conversation",
            "partners:conversations", "partners:reveal-identity", "partners:block", "partners:report",
            "partners:report-request",
        ),
        account=Rate(60, HOUR), address=Rate(300, HOUR),
    ),
    Limit(
        "enquiries", "Too many questions to the helpdesk.",
        ("enquiries:ask",),
        pair=Rate(10, DAY), account=Rate(20, HOUR), address=Rate(100, HOUR), addressed=("enquiries:ask",),
    ),
    Limit(
        "enquiry-copies",
        "Further copies of questions to the same address are not sent; the questions are kept.",
        recipient=Rate(5, DAY),
    ),
    Limit(
        "personal-data", "Too many requests about personal data.",
        ("enquiries:my-data",),
        account=Rate(30, HOUR), address=Rate(300, HOUR),
    ),
    Limit(
        "self-check", "Too many self-checks.",
        ("calls:self-check",),
        address=Rate(600, TEN_MINUTES),
    ),
    Limit(
        "reading-self-check", "Too many self-checks.",
        ("calls:self-check",),
        reads=True, address=Rate(1500, TEN_MINUTES),
    ),
    Limit(
        "receipt-check", "Too many documents to check.",
        ("proof:check",),
        address=Rate(60, TEN_MINUTES),
    ),
    Limit(
        "log-proofs", "Too many requests to the log.",
        ("proof:document", "proof:head", "proof:inclusion", "proof:consistency"),
        reads=True, address=Rate(1200, TEN_MINUTES),
    ),
    Limit(
        "exports", "Too many exports, bundles and letters.",
        (
            "admin:proposals_export_*", "admin:proposals_version_bulk", "admin:proposals_version_rows",
            "admin:proposals_decision_notify", "admin:proposals_contactpoint_import",
            "admin:proposals_documentreissue_*", "admin:proposals_queuedemail_*",
            "admin:proposals_jobfailure_*",
        ),
        account=Rate(120, TEN_MINUTES), address=Rate(1200, TEN_MINUTES),
    ),
    Limit(
        "back-office", "Too many changes in the back office.",
        ("admin:*",),
        account=Rate(1200, TEN_MINUTES), address=Rate(6000, TEN_MINUTES),
    ),
    Limit(
        "reading-back-office", "Too many back office pages opened in a short time.",
        ("admin:*",),
        reads=True, account=Rate(2400, TEN_MINUTES), address=Rate(12_000, TEN_MINUTES),
    ),
)  # fmt: skip

POST_ONLY = "Accepts POST only"

# What needs no limit for reading, and why.
CHEAP_READS: dict[str, tuple[str, ...]] = {
    "Public pages with one query, mostly cached": (
        "calls:list", "calls:call", "calls:calendar", "calls:countries", "calls:rules",
        "accessibility", "guide", "privacy",
    ),
    "For load balancers and monitoring, at a constant cost": (
        "health", "health-live", "health-ready", "metrics",
    ),
    "An empty form": (
        "account_login", "account_logout", "account_inactive", "account_signup",
        "account_reauthenticate", "account_email", "account_email_verification_sent",
        "account_change_password", "account_set_password", "account_reset_password",
        "account_confirm_login_code", "account_confirm_email",
        "account_reset_password_from_key_done", "account_reset_password_from_key",
        "account_reset_password_done", "enquiries:ask", "enquiries:received", "proof:check",
        "applicants:new-organisation", "applicants:invite-colleague", "applicants:remove-colleague",
    ),
    "A few rows of the signed-in person": (
        "applicants:organisations", "applicants:join", "applicants:organisation",
        "applicants:edit-organisation", "applicants:profile", "applicants:profile-step",
        "enquiries:my-data", "enquiries:mine", "proposals:calendar",
    ),
    "A short list, the same for everyone": ("proof:certificates", "proof:daily_heads"),
    "Redirects, or answers 404": (
        "django.views.generic.base.RedirectView", "cosme_portal.views.nothing_here",
    ),
    POST_ONLY: (
        "applicants:cancel-colleague-invitation",
        "proposals:assign-step", "proposals:remind", "proposals:presence",
        "proposals:resend-invitation", "proposals:revoke-invitation",
        "proposals:remove-collaborator", "proposals:add-comment", "proposals:resolve-comment",
        "proposals:clear-intended-countries", "partners:save-search", "partners:publish", "partners:renew",
        "partners:mark-filled", "partners:close", "calls:move-clock", "text-preview",
    ),
    "Only in demonstrations": ("demo-emails", "demo-accounts", "design"),
}  # fmt: skip

# What stores, sends and computes nothing when something is sent to it, and why.
NEVER_WRITE: dict[str, tuple[str, ...]] = {
    "Accepts GET only": (
        "calls:list", "calls:call", "calls:calendar", "calls:countries", "calls:rules", "search",
        "accessibility", "guide", "privacy", "health", "health-live", "health-ready", "metrics",
        "enquiries:contact-points", "enquiries:mine",
        "enquiries:received", "proof:document", "proof:head", "proof:daily_heads", "proof:inclusion",
        "proof:consistency", "proof:certificates", "proposals:calendar", "proposals:timeline",
        "proposals:compare", "proposals:step-history", "proposals:draft-file",
        "proposals:earlier-file", "proposals:reply-file", "proposals:decisions", "proposals:letter",
        "proposals:version", "proposals:receipt-state", "proposals:receipt", "proposals:proposal-pdf",
        "proposals:dossier", "proposals:version-file", "proposals:partner-profile",
        "proposals:find-partners", "proposals:next-profile", "partners:search",
        "partners:organisations", "proposals:receipt-link", "proposals:receipt-by-link",
        "partners:feed", "partners:requests-csv", "partners:requests-json",
    ),
    "Redirects, or answers 404": (
        "django.views.generic.base.RedirectView", "cosme_portal.views.nothing_here",
    ),
    "Signing out must always work": ("account_logout",),
    "Only in demonstrations": ("calls:move-clock", "demo-emails", "demo-accounts", "design"),
}  # fmt: skip
