"""`python -m local prelink lms`: links what the LMS already has with Salesforce, before the first run.

    sheet.py     two report exports → candidates; bad rows by line
    command.py   the options; the running systems, or started for the purpose; the table

The linking itself is `shared.pipeline.prelink`, which knows neither CSV nor any system by name.
"""
