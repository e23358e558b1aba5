"""Writing a proposal together: drafts, texts, comments, files, their history and their preview.

Enter by the pages in `views`, and by `uploads` for files of other packages. Nothing here knows what
happens when a draft is submitted.
"""
