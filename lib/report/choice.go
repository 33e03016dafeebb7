package report

import (
	"fmt"
	"slices"
	"strings"
)

// OneOf returns a parser that accepts two or more words. Its error lists them.
func OneOf[T ~string](words ...T) func(string) (T, error) {
	return func(text string) (T, error) {
		if word := T(text); slices.Contains(words, word) {
			return word, nil
		}
		var list []string
		for _, word := range words {
			list = append(list, string(word))
		}
		last := len(list) - 1
		return "", fmt.Errorf("not supported; want %s or %s", strings.Join(list[:last], ", "), list[last])
	}
}
