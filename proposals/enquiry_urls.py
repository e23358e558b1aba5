"""Addresses of asking the helpdesk."""

from django.urls import path

from proposals.views import enquiries

app_name = "enquiries"
urlpatterns = [
    path("", enquiries.ask, name="ask"),
    path("mine/", enquiries.mine, name="mine"),
    path("arrived/<str:token>/", enquiries.arrived, name="arrived"),
]
