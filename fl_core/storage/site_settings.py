"""Settings that are made on the hospital's page, and single facts that outlast the program."""

from fl_core.storage.page_settings import SettingTable
from fl_core.storage.site_tables import setting

SITE_SETTINGS = SettingTable(setting)
