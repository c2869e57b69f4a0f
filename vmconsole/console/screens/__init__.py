"""The screens that lie over the list: questions, menus, pages of text, the palette."""
