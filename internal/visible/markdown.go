package visible

import (
	"regexp"
	"strings"
)

var (
	marks = regexp.MustCompile("[\\\\`*_\\[\\]<>&~#$:]")
	// What begins a list or a rule.
	opening = regexp.MustCompile(`^([-+]|[0-9]+[.)])`)
	// An address is a link in GitHub's Markdown even without marks, unless something comes between.
	address = regexp.MustCompile(`(?i)(www)\.`)
)

// Markdown shows text in one line of Markdown, also in a table: nothing in it becomes a link, HTML or anything but text.
func Markdown(text string) string {
	text = marks.ReplaceAllString(Line(text), `\$0`)
	text = opening.ReplaceAllStringFunc(text, func(match string) string {
		return match[:len(match)-1] + `\` + match[len(match)-1:]
	})
	text = address.ReplaceAllString(text, `$1\.`)
	return strings.NewReplacer("|", "&#124;", "@", "<span>@</span>").Replace(text)
}
