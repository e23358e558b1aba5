"""Addresses of asking the helpdesk, and of offices that help."""

from django.urls import path

from proposals.helpdesk.views import contact_points, enquiries

app_name = "enquiries"
urlpatterns = [
    path("", enquiries.ask, name="ask"),
    path("contact-points/", contact_points.directory, name="contact-points"),
    path("my-data/", enquiries.my_data, name="my-data"),
    path("mine/", enquiries.mine, name="mine"),
    path("received/<str:token>/", enquiries.received, name="received"),
]
