import { Select, type SelectProps } from '@mantine/core'

/** A choice that is looked for by typing. What stands there already is marked, so that what is typed takes its place; Enter takes the first that matches. */
export const SearchableSelect = (props: SelectProps) => (
  <Select
    {...props}
    searchable
    selectFirstOptionOnChange
    onFocus={({ currentTarget }) => currentTarget.select()}
    onClick={({ currentTarget }) => currentTarget.select()}
  />
)
