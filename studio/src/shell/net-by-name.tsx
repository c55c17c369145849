import { netDescriptions } from 'kerf/nets'
import { SearchableSelect } from '../parts/searchable-select.tsx'
import { useStore } from '../store.ts'

const names = Object.entries(netDescriptions).map(([name, text]) => ({ value: name, label: `${name}: ${text}` }))

/** The structures that Kerf builds, to be opened by their names. Loaded when it is shown. @param isFirst whether it was asked for, and is what keys are for */
export default function NetByName({ isFirst = false }: { readonly isFirst?: boolean }) {
  const open = useStore((s) => s.open)
  return (
    <SearchableSelect
      label="A network by name"
      description="Its structure, with weights that are drawn: to look at, or to train."
      placeholder="resnet20"
      data={names}
      value={null}
      autoFocus={isFirst}
      defaultDropdownOpened={isFirst}
      nothingFoundMessage="There is no such network"
      onChange={(net) => net && void open({ from: 'net', net })}
    />
  )
}
