"""The steps of a proposal: their order, their forms, and what is still missing in each.

Enter by `wizard.steps_of` and `forms`. Nothing here knows who fills the forms in, or stores anything.
It is a package below `consortium`, because the pages of a consortium show the state of the steps.
"""
