"""acd.telephony"""
