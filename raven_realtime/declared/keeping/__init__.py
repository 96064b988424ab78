"""Living with findings: what a project says once about them, in a file of its own or beside what is found.

`project_file` reads the project's file, `comments` are ignores at the place, `baseline` is what was there before;
`sift` puts them to work. Only what a run needs is imported.
"""
