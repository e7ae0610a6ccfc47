package report

import (
	"encoding/json"
	"strings"

	"mslora/internal/visible"
)

// Data stands in Markdown in two ways, neither of which lets it become a link, HTML or anything but text:
// names and values as code, where nothing is interpreted, and sentences with all marks escaped (visible.Markdown).

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
		return visible.Markdown(text)
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

// quotedYAML writes a string for YAML, of which JSON strings are a part.
func quotedYAML(text string) (string, error) {
	quoted, err := json.Marshal(text)
	return string(quoted), err
}
