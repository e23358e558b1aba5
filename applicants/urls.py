"""Addresses of people's and organisations' pages."""

from django.urls import path

from applicants import views

app_name = "applicants"
urlpatterns = [
    path("", views.my_organisations, name="organisations"),
    path("new/", views.new_organisation, name="new-organisation"),
    path("join/<str:token>/", views.join, name="join"),
    path("<int:pk>/", views.organisation, name="organisation"),
    path("<int:pk>/edit/", views.edit_organisation, name="edit-organisation"),
    path("<int:pk>/colleagues/", views.invite_colleague, name="invite-colleague"),
    path(
        "<int:pk>/colleagues/invitations/<int:invitation_pk>/cancel/",
        views.cancel_invitation,
        name="cancel-colleague-invitation",
    ),
    path(
        "<int:pk>/colleagues/<int:person_pk>/remove/",
        views.remove_colleague,
        name="remove-colleague",
    ),
    path("<int:pk>/profile/", views.profile_overview, name="profile"),
    path("<int:pk>/profile/<slug:slug>/", views.profile_step, name="profile-step"),
]
