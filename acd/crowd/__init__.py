"""SIP phones played by the program, many in one process: for demonstrations and measurements."""
