"""Addresses of proposals. `proposals.consortium.permissions` says who may use each."""

from django.urls import path

from proposals.consortium.views import invitations, progress
from proposals.dashboard import views as dashboard_views
from proposals.screening import views as screening_views
from proposals.submission import views as submission_views
from proposals.workspace.views import (
    comments,
    consortium,
    drafts,
    files,
    history,
    partner_import,
    partners,
    preview,
    steps,
)

app_name = "proposals"
urlpatterns = [
    path("", dashboard_views.mine, name="mine"),
    path("start/<str:reference>/<str:strand>/", drafts.start, name="start"),
    path("invitations/own/<int:pk>/", invitations.own_invitation, name="own-invitation"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("receipts/<str:token>/", submission_views.receipt_link, name="receipt-link"),
    path("receipts/<str:token>/pdf/", submission_views.receipt_by_link, name="receipt-by-link"),
    path("<str:number>/", drafts.proposal, name="proposal"),
    path("<str:number>/delete/", drafts.delete, name="delete"),
    path("<str:number>/restore/", drafts.restore, name="restore"),
    # Writing together
    path("<str:number>/progress/", progress.progress, name="progress"),
    path("<str:number>/progress/profiles/", progress.next_profile, name="next-profile"),
    path("<str:number>/progress/assign/", progress.assign, name="assign-step"),
    path(
        "<str:number>/progress/<slug:key>/profile/",
        progress.partner_profile,
        name="partner-profile",
    ),
    path("<str:number>/progress/<slug:key>/remind/", progress.send_reminder, name="remind"),
    path("<str:number>/progress/<slug:key>/confirm/", invitations.confirm, name="confirm"),
    path("<str:number>/presence/", progress.mark_presence, name="presence"),
    path("<str:number>/reminders/", progress.reminders, name="reminders"),
    path("<str:number>/people/", invitations.overview, name="people"),
    path("<str:number>/people/invite/", invitations.invite, name="invite"),
    path(
        "<str:number>/people/invitations/<int:pk>/resend/",
        invitations.resend,
        name="resend-invitation",
    ),
    path(
        "<str:number>/people/invitations/<int:pk>/revoke/",
        invitations.revoke,
        name="revoke-invitation",
    ),
    path("<str:number>/people/<int:pk>/remove/", invitations.remove, name="remove-collaborator"),
    path("<str:number>/comments/", comments.add, name="add-comment"),
    path("<str:number>/comments/<int:pk>/resolve/", comments.resolve, name="resolve-comment"),
    path("<str:number>/timeline/", history.timeline, name="timeline"),
    path("<str:number>/compare/", history.compare, name="compare"),
    path("<str:number>/history/<slug:slug>/", history.step_history, name="step-history"),
    path("<str:number>/history/<slug:slug>/<slug:key>/", history.step_history, name="step-history"),
    path("<str:number>/preview/", preview.preview, name="preview"),
    path("<str:number>/preview/pdf/", preview.draft_pdf, name="draft-pdf"),
    path("<str:number>/deadline.ics", preview.calendar, name="calendar"),
    # The consortium
    path("<str:number>/consortium/", consortium.consortium, name="consortium"),
    path("<str:number>/consortium/find/", partners.find_partners, name="find-partners"),
    path("<str:number>/consortium/add/", partners.add_participant, name="add-participant"),
    path("<str:number>/consortium/import/", partner_import.import_partners, name="import-partners"),
    path("<str:number>/consortium/new/", partners.add_new_organisation, name="new-participant"),
    path("<str:number>/consortium/what-if/", consortium.what_if, name="what-if"),
    path(
        "<str:number>/consortium/intended-countries/clear/",
        consortium.clear_intended_countries,
        name="clear-intended-countries",
    ),
    path("<str:number>/consortium/<slug:key>/", consortium.edit_participant, name="participant"),
    path(
        "<str:number>/consortium/<slug:key>/remove/",
        consortium.remove_participant,
        name="remove-participant",
    ),
    # Steps and files
    path("<str:number>/steps/descriptions/", steps.descriptions, name="descriptions"),
    path("<str:number>/steps/descriptions/<slug:key>/", steps.description, name="description"),
    path("<str:number>/steps/<slug:slug>/", steps.step, name="step"),
    path("<str:number>/files/<slug:slot>/", files.upload, name="upload"),
    path("<str:number>/files/<slug:slot>/remove/", files.remove, name="remove-file"),
    path("<str:number>/files/<slug:slot>/pdf/", files.download_draft_file, name="draft-file"),
    path(
        "<str:number>/files/<slug:slot>/earlier/<int:pk>/",
        files.download_earlier_file,
        name="earlier-file",
    ),
    # Clarification requests and decisions of the officers
    path("<str:number>/clarifications/", screening_views.clarification_list, name="clarifications"),
    path("<str:number>/clarifications/<int:pk>/", screening_views.reply, name="reply"),
    path(
        "<str:number>/clarifications/files/<int:pk>/", screening_views.reply_file, name="reply-file"
    ),
    path("<str:number>/decisions/", screening_views.decisions, name="decisions"),
    path("<str:number>/decisions/<int:pk>/", screening_views.letter, name="letter"),
    # Submission
    path("<str:number>/check/", submission_views.check, name="check"),
    path("<str:number>/withdraw/", submission_views.withdraw, name="withdraw"),
    path("<str:number>/versions/<int:version>/", submission_views.version, name="version"),
    path(
        "<str:number>/versions/<int:version>/receipt/state/",
        submission_views.receipt_state,
        name="receipt-state",
    ),
    path("<str:number>/versions/<int:version>/receipt/", submission_views.receipt, name="receipt"),
    path(
        "<str:number>/versions/<int:version>/pdf/",
        submission_views.proposal_pdf,
        name="proposal-pdf",
    ),
    path("<str:number>/versions/<int:version>/dossier/", submission_views.dossier, name="dossier"),
    path(
        "<str:number>/versions/<int:version>/files/<str:sha256>/",
        files.download_version_file,
        name="version-file",
    ),
]
