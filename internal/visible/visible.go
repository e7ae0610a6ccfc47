// Package visible shows text of unknown origin so that all of it is seen and none of it acts: on a terminal, in HTML,
// Markdown and LaTeX, in a spreadsheet.
//
// Characters that steer a terminal, turn text around, have no width or no meaning become their code points, ⟨U+202E⟩, and bytes that
// are no UTF-8 become ⟨0xFF⟩. Text that was made visible stays as it is when it is made visible again. What escapes the marks of a
// language, such as html/template, comes after.
package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Line shows text in one line: line breaks and tabs become spaces.
func Line(text string) string {
	return show(text, func(r rune) (rune, bool) { return ' ', r == '\n' || r == '\r' || r == '\t' })
}

// Lines shows text of several lines, such as errors that were joined. Each but the first is indented, so that none can pass for a
// message of its own.
func Lines(text string) string {
	shown := show(strings.TrimRight(text, "\n"), func(r rune) (rune, bool) {
		if r == '\n' {
			return r, true
		}
		return ' ', r == '\t'
	})
	return strings.ReplaceAll(shown, "\n", "\n  ")
}

// Cell shows text in a CSV file that people open. A spreadsheet would run a cell that begins with =, +, -, @, a tab or a carriage return
// as a formula, so such a cell gets an apostrophe in front, and so does one that begins with an apostrophe, which makes the rule
// reversible. Line breaks and tabs, which may be a trigger, become code points.
func Cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r'", rune(text[0])) {
		text = "'" + text
	}
	return show(text, func(rune) (rune, bool) { return 0, false })
}

// JSON shows a JSON text: what hides in its strings becomes an escape, \u202e, which every reader turns back.
func JSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	last := ' '
	for i, size := 0, 0; i < len(text); i += size {
		var r rune
		r, size = utf8.DecodeRune(text[i:])
		if r < 0x7f || r == utf8.RuneError || !hides(r, last) { // JSON has escapes for control characters below, and breaks between members
			out = append(out, text[i:i+size]...)
		} else {
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
		last = r
	}
	return out
}

// show replaces what hides; plain gives what stands for a character that is to be spared from that.
func show(text string, plain func(rune) (instead rune, ok bool)) string {
	var out strings.Builder
	last := ' '
	for i, size := 0, 0; i < len(text); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(text[i:])
		instead, spared := plain(r)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, "⟨0x%02X⟩", text[i])
		case spared:
			out.WriteRune(instead)
		case hides(r, last):
			fmt.Fprintf(&out, "⟨U+%04X⟩", r)
		default:
			out.WriteRune(r)
		}
		last = r
	}
	return out.String()
}

// hides tells whether a reader would not see a character that comes after last, or not know what it is.
func hides(r, last rune) bool {
	const nonJoiner, joiner, lastLatin = '\u200c', '\u200d', '\u024f'
	switch {
	case r == nonJoiner || r == joiner:
		return last <= lastLatin // beyond Latin they shape letters and emoji
	case unicode.Is(unicode.Variation_Selector, r): // one shapes an emoji or an ideograph; several can carry a message
		return last <= lastLatin || unicode.Is(unicode.Variation_Selector, last)
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point):
		return true
	}
	const blankBraille = '\u2800'
	return r == blankBraille || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef // no characters
}
