package report

import (
	"encoding/json"
	"regexp"
	"strings"
)

// Data stands in Markdown in two ways, neither of which lets it become a link, HTML or anything but text:
// names and values as code, where nothing is interpreted, and sentences with all marks escaped.

// code writes a name or a value as a code span.
func code(text string) string {
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " " // a space on either side is not shown
	}
	return fence + text + fence
}

// cell is code for a table, where a vertical bar would end the cell even in code.
func cell(text string) string {
	if strings.Contains(text, "|") {
		return escaped(text)
	}
	return code(text)
}

// longestRun counts the longest row of one character.
func longestRun(text string, of rune) int {
	longest, run := 0, 0
	for _, r := range text {
		if r != of {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

var (
	marks = regexp.MustCompile("[\\\\`*_\\[\\]<>&~#$:]")
	// What begins a list or a rule.
	opening = regexp.MustCompile(`^([-+]|[0-9]+[.)])`)
	// An address is a link in GitHub's Markdown even without marks, unless something comes between.
	address = regexp.MustCompile(`(?i)(www)\.`)
)

// escaped writes a sentence.
func escaped(text string) string {
	text = marks.ReplaceAllString(text, `\$0`)
	text = opening.ReplaceAllStringFunc(text, func(match string) string {
		return match[:len(match)-1] + `\` + match[len(match)-1:]
	})
	text = address.ReplaceAllString(text, `$1\.`)
	return strings.NewReplacer("|", "&#124;", "@", "<span>@</span>").Replace(text)
}

// quotedYAML writes a string for YAML, of which JSON strings are a part.
func quotedYAML(text string) (string, error) {
	quoted, err := json.Marshal(text)
	return string(quoted), err
}
