"""The screens, one module each; :data:`elena_wb.tui.app.SCREENS` names them in the order of the bar."""
