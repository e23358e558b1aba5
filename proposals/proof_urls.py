"""Addresses at which everyone can check the portal's log."""

from django.urls import path

from proposals.views import proof

app_name = "proof"
urlpatterns = [
    path("check/", proof.check, name="check"),
    path("documents/<str:sha256>/", proof.document, name="document"),
    path("log/", proof.head, name="head"),
    path("log/daily-heads.jsonl", proof.daily_heads, name="daily_heads"),
    path("log/entries/<int:position>/", proof.inclusion, name="inclusion"),
    path("log/consistency/", proof.consistency, name="consistency"),
    path("certificates/", proof.certificates, name="certificates"),
]
