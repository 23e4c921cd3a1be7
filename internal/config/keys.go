package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/fusiond/fusiond/internal/yamlguard"
)

// EnvPrefix starts every environment override: FUSIOND_NATS_URL overrides nats.url.
const EnvPrefix = "FUSIOND_"

// Key is one key of the file.
type Key struct {
	// Path is dotted; NAME stands for a map's key.
	Path, Doc string
	// Type in words; Default as YAML, empty for sections.
	Type, Default string
	// Env is the variable that overrides it, empty where there is none.
	Env string
}

// Keys lists every key in the file's order.
func Keys() []Key {
	c := Default()
	var keys []Key
	walk(reflect.ValueOf(&c).Elem(), "", func(k Key, _ reflect.Value) { keys = append(keys, k) })
	return keys
}

// WriteDocs writes the description of every key.
func WriteDocs(w io.Writer) error {
	for _, k := range Keys() {
		line := fmt.Sprintf("%-28s %-10s %s", k.Path, k.Type, k.Doc)
		if k.Default != "" {
			line += fmt.Sprintf(" (default %s)", k.Default)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\nA single value is overridden by the environment variable %s<PATH> with dots as underscores: %sNATS_URL.\n",
		EnvPrefix, EnvPrefix)
	return err
}

// walk visits every key below v; leaves only carry an environment variable.
func walk(v reflect.Value, prefix string, visit func(Key, reflect.Value)) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		k := Key{Path: prefix + f.Tag.Get("yaml"), Doc: f.Tag.Get("doc"), Type: typeWords(f.Type)}
		value := v.Field(i)
		switch {
		case f.Type.Kind() == reflect.Struct:
			visit(k, value)
			walk(value, k.Path+".", visit)
		case f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.Struct:
			visit(k, value)
			walk(reflect.New(f.Type.Elem()).Elem(), k.Path+".NAME.", func(k Key, _ reflect.Value) {
				k.Env, k.Default = "", ""
				visit(k, reflect.Value{})
			})
		default:
			k.Env = EnvPrefix + strings.ToUpper(strings.ReplaceAll(k.Path, ".", "_"))
			if !value.IsZero() {
				k.Default = fmt.Sprint(value.Interface())
			}
			visit(k, value)
		}
	}
}

func typeWords(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Duration]():
		return "duration"
	case t.Kind() == reflect.Struct:
		return "section"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Map:
		return "mapping"
	case t.Kind() == reflect.Float64:
		return "number"
	}
	return t.Kind().String()
}

// applyEnvironment overrides leaves from variables that are set.
func applyEnvironment(c *Config, lookup func(string) (string, bool)) error {
	var err error
	walk(reflect.ValueOf(c).Elem(), "", func(k Key, v reflect.Value) {
		if k.Env == "" || !v.IsValid() || err != nil {
			return
		}
		text, ok := lookup(k.Env)
		if !ok {
			return
		}
		if v.Kind() == reflect.String {
			v.SetString(text)
			return
		}
		e := yamlguard.Check([]byte(text))
		if e == nil {
			e = yaml.Unmarshal([]byte(text), v.Addr().Interface())
		}
		if e != nil {
			err = fmt.Errorf("environment variable %s=%q is no %s for %s: %w", k.Env, text, k.Type, k.Path, e)
		}
	})
	return err
}
