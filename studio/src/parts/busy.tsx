import { Loader, type LoaderProps } from '@mantine/core'

/** A sign that something is worked at. @param what for those who do not see it: `Laying out` */
export const Busy = ({ what, ...rest }: { readonly what: string } & LoaderProps) => (
  <Loader role="status" aria-label={what} {...rest} />
)
