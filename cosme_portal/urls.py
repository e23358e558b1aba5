"""All addresses: one include for each app, the officers' admin, and pages of the project."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from cosme_portal import health, monitoring, views

admin.site.site_header = "COSME portal: back office"
admin.site.site_title = "COSME portal"
admin.site.index_title = "Back office"
admin.site.enable_nav_sidebar = False  # lists need the width; the first page names everything

urlpatterns = [
    path("", include("calls.urls")),
    path("organisations/", include("applicants.urls")),
    path("proposals/", include("proposals.urls")),
    path("partners/", include("proposals.partnering.urls")),
    path("helpdesk/", include("proposals.helpdesk.urls")),
    path("proof/", include("proposals.proof.urls")),
    path("account/", include("allauth.account.urls")),
    path("admin/login/", RedirectView.as_view(pattern_name="account_login", query_string=True)),
    # Django's way from an object to its page would tell numbers of sealed proposals.
    path("admin/r/<path:rest>", views.nothing_here),
    path("admin/", admin.site.urls),
    path("guide/", views.guide, name="guide"),
    path("text-preview/", views.text_preview, name="text-preview"),
    path("search/", views.search, name="search"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("privacy/", views.privacy, name="privacy"),
    # The middleware AnswerHealth answers these before; here they have names.
    path("health/", health.health, name="health"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", monitoring.metrics_page, name="metrics"),
]

if settings.MODE in {"demo", "test"}:
    from cosme_portal import demo_views

    urlpatterns += [
        path("demo/emails/", demo_views.emails, name="demo-emails"),
        path("demo/accounts/", demo_views.accounts, name="demo-accounts"),
    ]

if settings.MODE in {"demo", "development", "test"}:
    from cosme_portal import design_views

    urlpatterns.append(path("design/", design_views.design, name="design"))

if settings.SHOWS_TOOLBAR:
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))

handler400 = "cosme_portal.views.bad_request"
handler403 = "cosme_portal.views.permission_denied"
handler404 = "cosme_portal.views.not_found"
handler500 = "cosme_portal.views.server_error"
