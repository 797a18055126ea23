"""Where live state is kept outside the process, so that a killed controller can go on."""
