"""The options that every command of the hospital's side takes."""

import click

import fl_core.home_option

home_option = fl_core.home_option.home_option("contributor", "this site")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
