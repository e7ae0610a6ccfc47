package report

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"plain", "a film so bad", "a film so bad"},
		{"lines", " a\r\n\tb\n", "a   b"},
		{"accents and scripts", "naïve Straße 日本語 שלום", "naïve Straße 日本語 שלום"},
		{"emoji of several characters", "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈", "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈"},
		{"Persian keeps what shapes it", "می\u200cخواهم", "می\u200cخواهم"},
		{"Latin has no use for it", "ca\u200cf \u200d", "ca⟨U+200C⟩f ⟨U+200D⟩"},
		{"override", "a\u202eb\u2066c", "a⟨U+202E⟩b⟨U+2066⟩c"},
		{"no width", "c\u200bf\ufeff\u00ad\u2060", "c⟨U+200B⟩f⟨U+FEFF⟩⟨U+00AD⟩⟨U+2060⟩"},
		{"blank letters", "\u3164\u115f", "⟨U+3164⟩⟨U+115F⟩"},
		{"tags", "\U000E0063\U000E0066", "⟨U+E0063⟩⟨U+E0066⟩"},
		{"control", "\x00\x07\x1b[31m\u0085", "⟨U+0000⟩⟨U+0007⟩⟨U+001B⟩[31m⟨U+0085⟩"},
		{"no characters", "\ufffe\uffff\ufdd0\U0001FFFE", "⟨U+FFFE⟩⟨U+FFFF⟩⟨U+FDD0⟩⟨U+1FFFE⟩"},
		{"no UTF-8", "a\xff\xfeb", "a\ufffdb"},
		{"Arabic sign of a year, which shows", "\u0601", "\u0601"},
	} {
		if got := visible(test.text); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, test := range []struct{ name, got, want string }{
		{"prose that fits", prose(strings.Repeat("ü", textLimit)), strings.Repeat("ü", textLimit)},
		{"prose too long", prose(strings.Repeat("ü", textLimit+1)), strings.Repeat("ü", textLimit) + "… (1 more character)"},
		{"prose far too long", prose(strings.Repeat("x", textLimit+12345)), strings.Repeat("x", textLimit) + "… (12,345 more characters)"},
		{"name that fits", name(strings.Repeat("n", nameLimit)), strings.Repeat("n", nameLimit)},
		{"name too long", name(strings.Repeat("n", nameLimit+1)), strings.Repeat("n", nameLimit) + "…"},
		{"no name", name(" \n"), "(no name)"},
		{"no title", title(""), "Classifier without a name"},
	} {
		if test.got != test.want {
			t.Errorf("%s: %q, want %q", test.name, test.got, test.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{grouped(0), "0"}, {grouped(999), "999"}, {grouped(1000), "1,000"}, {grouped(1234567), "1,234,567"}, {grouped(-1000), "-1,000"}, {grouped(-100), "-100"},
		{decimals(12.345), "12.35"}, {decimals(math.NaN()), "–"}, {decimals(math.Inf(-1)), "–"},
		{probability(0.98712), "98.71"}, {probability(1), "100.00"}, {probability(1.1), "–"}, {probability(-0.1), "–"}, {probability(math.NaN()), "–"},
		{loss(0.69315), "0.6932"}, {loss(math.NaN()), "NaN"}, {loss(math.Inf(1)), "+Inf"}, {loss(1.5e9), "1.5e+09"},
		{plural(1, "text", "texts"), "1 text"}, {plural(2000, "text", "texts"), "2,000 texts"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

// FuzzVisible: what is shown is valid, hides nothing, and is shown as it is when shown again.
func FuzzVisible(f *testing.F) {
	f.Add(attack)
	f.Add(hidden)
	f.Fuzz(func(t *testing.T, text string) {
		shown := visible(text)
		if !utf8.ValidString(shown) || visible(shown) != shown {
			t.Errorf("%q is shown as %q and that as %q", text, shown, visible(shown))
		}
	})
}
