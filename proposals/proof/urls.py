"""Addresses at which everyone can check the portal's log."""

from django.urls import path

from proposals.proof import views as proof_views

app_name = "proof"
urlpatterns = [
    path("check/", proof_views.check, name="check"),
    path("documents/<str:sha256>/", proof_views.document, name="document"),
    path("log/", proof_views.head, name="head"),
    path("log/daily-heads.jsonl", proof_views.daily_heads, name="daily_heads"),
    path("log/entries/<int:position>/", proof_views.inclusion, name="inclusion"),
    path("log/consistency/", proof_views.consistency, name="consistency"),
    path("certificates/", proof_views.certificates, name="certificates"),
]
