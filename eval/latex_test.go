package eval

import "testing"

func TestLaTeX(t *testing.T) {
	for text, want := range map[string]string{
		"a film, 50 %":     `a film, 50 \%`,
		"[2cm] a":          `{[}2cm{]} a`,
		`\input{a}`:        `\textbackslash{}input\{a\}`,
		"a|b <c>":          `a\textbar{}b \textless{}c\textgreater{}`,
		"x_1 & $y^2$ #~":   `x\_1 \& \$y\textasciicircum{}2\$ \#\textasciitilde{}`,
		"a\x1b[2J\u202e\n": `a$\langle$U+001B$\rangle${[}2J$\langle$U+202E$\rangle$ `,
	} {
		if got := latex(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
