"""Settings that are made on the laboratory's page."""

from fl_core.storage.lab_house_tables import lab_setting
from fl_core.storage.page_settings import SettingTable

LAB_SETTINGS = SettingTable(lab_setting)
get = LAB_SETTINGS.get
put = LAB_SETTINGS.put
